//! Namespaces as TypeScript has them, before their types go: a namespace may stand in several blocks, each of which names
//! the members that the others export; and what it exports may change.
//!
//! The transformer knows one block at a time, and refuses exports that change. So each name that another block exports, and
//! each that the own block exports with `let` or `var`, becomes the namespace's property here: `unit` becomes `Shapes.unit`.

use std::collections::{BTreeMap, HashMap};

use oxc::allocator::Allocator;
use oxc::ast::ast::{
    BindingPattern, Declaration, ExportDeclaration, Expression, IdentifierName, IdentifierReference,
    ObjectProperty, Program, SimpleAssignmentTarget, Statement, TSNamespaceDeclaration,
    TSNamespaceDeclarationBody, VariableDeclarationKind,
};
use oxc::ast::builder::AstBuilder;
use oxc::ast_visit::{Visit, VisitMut, walk, walk_mut};
use oxc::semantic::{ScopeId, Scoping};

/// Rewrites the program's namespaces. Whether anything was changed: what was known of its scopes is of no use then.
pub(super) fn join_blocks<'a>(
    program: &mut Program<'a>,
    scoping: &Scoping,
    allocator: &'a Allocator,
) -> bool {
    let mut blocks = Blocks::default();
    blocks.visit_program(program);
    if blocks.all.is_empty() {
        return false;
    }
    let mut rewriter = Rewriter {
        blocks: &blocks,
        scoping,
        allocator,
        builder: AstBuilder::new(allocator),
        around: Vec::new(),
        changed: false,
    };
    rewriter.visit_program(program);
    rewriter.changed
}

/// One block of a namespace.
struct Block {
    /// The namespace's name, as its own code has it.
    name: String,
    /// What all blocks of one namespace have in common.
    namespace: String,
    /// What it exports, and whether that may change.
    exports: BTreeMap<String, bool>,
}

/// All blocks of a program, by their scopes.
#[derive(Default)]
struct Blocks {
    all: HashMap<ScopeId, Block>,
    around: Vec<(ScopeId, String)>,
    is_exported: bool,
}

impl Blocks {
    fn exports_elsewhere(&self, scope: ScopeId, name: &str) -> bool {
        let Some(own) = self.all.get(&scope) else { return false };
        let others =
            self.all.iter().filter(|(other, block)| **other != scope && block.namespace == own.namespace);
        others.into_iter().any(|(_, block)| block.exports.contains_key(name))
    }
}

impl<'a> Visit<'a> for Blocks {
    fn visit_export_declaration(&mut self, export: &ExportDeclaration<'a>) {
        self.is_exported = true;
        walk::walk_export_declaration(self, export);
        self.is_exported = false;
    }

    fn visit_ts_namespace_declaration(&mut self, namespace: &TSNamespaceDeclaration<'a>) {
        let is_exported = std::mem::replace(&mut self.is_exported, false);
        let Some(scope) = namespace.scope_id.get().filter(|_| !namespace.declare) else { return };
        let name = namespace.id.name.to_string();
        let key = match self.around.last() {
            None => name.clone(),
            Some((_, outer)) if is_exported => format!("{outer}.{name}"),
            // What a block keeps to itself is no part of another one's.
            Some((around, outer)) => format!("{outer}.{around:?}.{name}"),
        };
        let mut exports = BTreeMap::new();
        match &namespace.body {
            TSNamespaceDeclarationBody::TSNamespaceDeclaration(inner) => {
                exports.insert(inner.id.name.to_string(), false);
                self.is_exported = true;
            }
            TSNamespaceDeclarationBody::TSModuleBlock(block) => {
                for statement in &block.body {
                    if let Statement::ExportDeclaration(export) = statement {
                        exported(&export.declaration, &mut exports);
                    }
                }
            }
        }
        self.all.insert(scope, Block { name, namespace: key.clone(), exports });
        self.around.push((scope, key));
        walk::walk_ts_namespace_declaration_body(self, &namespace.body);
        self.around.pop();
        self.is_exported = false;
    }
}

/// The names that a declaration gives to values, and whether they may change.
fn exported(declaration: &Declaration<'_>, exports: &mut BTreeMap<String, bool>) {
    if declaration.declare() {
        return;
    }
    match declaration {
        Declaration::VariableDeclaration(variables) => {
            let changes = !variables.kind.is_const();
            for variable in &variables.declarations {
                for identifier in variable.id.get_binding_identifiers() {
                    exports.insert(identifier.name.to_string(), changes);
                }
            }
        }
        Declaration::FunctionDeclaration(function) => {
            exports.extend(function.id.iter().map(|id| (id.name.to_string(), false)));
        }
        Declaration::ClassDeclaration(class) => {
            exports.extend(class.id.iter().map(|id| (id.name.to_string(), false)));
        }
        Declaration::TSEnumDeclaration(declared) => {
            exports.insert(declared.id.name.to_string(), false);
        }
        Declaration::TSNamespaceDeclaration(namespace) => {
            exports.insert(namespace.id.name.to_string(), false);
        }
        Declaration::TSImportEqualsDeclaration(import) => {
            exports.insert(import.id.name.to_string(), false);
        }
        _ => {}
    }
}

struct Rewriter<'a, 'b> {
    blocks: &'b Blocks,
    scoping: &'b Scoping,
    allocator: &'a Allocator,
    builder: AstBuilder<'a>,
    around: Vec<ScopeId>,
    changed: bool,
}

impl<'a> Rewriter<'a, '_> {
    /// The namespace whose property an identifier stands for.
    fn namespace_of(&mut self, identifier: &IdentifierReference<'a>) -> Option<Expression<'a>> {
        let reference = self.scoping.get_reference(identifier.reference_id.get()?);
        let bound = reference.symbol_id().map(|symbol| self.scoping.symbol_scope_id(symbol));
        for scope in self.around.iter().rev() {
            let block = self.blocks.all.get(scope)?;
            let is_namespaces = match bound {
                Some(bound) if bound == *scope => {
                    if block.exports.get(identifier.name.as_str()) != Some(&true) {
                        return None;
                    }
                    true
                }
                Some(bound) if self.scoping.scope_ancestors(bound).any(|outer| outer == *scope) => {
                    return None;
                }
                _ => self.blocks.exports_elsewhere(*scope, identifier.name.as_str()),
            };
            if is_namespaces {
                self.changed = true;
                let name = self.allocator.alloc_str(&block.name);
                return Some(Expression::new_identifier(identifier.span, name as &str, &self.builder));
            }
        }
        None
    }

    fn property(&self, identifier: &IdentifierReference<'a>) -> IdentifierName<'a> {
        IdentifierName::new(identifier.span, identifier.name, &self.builder)
    }
}

impl<'a> VisitMut<'a> for Rewriter<'a, '_> {
    fn visit_ts_namespace_declaration(&mut self, namespace: &mut TSNamespaceDeclaration<'a>) {
        let Some(scope) = namespace.scope_id.get().filter(|_| !namespace.declare) else { return };
        self.around.push(scope);
        walk_mut::walk_ts_namespace_declaration_body(self, &mut namespace.body);
        self.around.pop();
    }

    fn visit_export_declaration(&mut self, export: &mut ExportDeclaration<'a>) {
        walk_mut::walk_export_declaration(self, export);
        let Declaration::VariableDeclaration(variables) = &mut export.declaration else { return };
        if self.around.is_empty() || variables.declare || variables.kind.is_const() {
            return;
        }
        // Nothing reads or changes the variable itself any more.
        self.changed = true;
        variables.kind = VariableDeclarationKind::Const;
        for variable in &mut variables.declarations {
            if variable.init.is_none() && matches!(variable.id, BindingPattern::BindingIdentifier(_)) {
                variable.init = Some(Expression::new_void_0(variable.span, &self.builder));
            }
        }
    }

    fn visit_expression(&mut self, expression: &mut Expression<'a>) {
        let Expression::Identifier(identifier) = expression else {
            return walk_mut::walk_expression(self, expression);
        };
        if let Some(namespace) = self.namespace_of(identifier) {
            let (span, property) = (identifier.span, self.property(identifier));
            *expression =
                Expression::new_static_member_expression(span, namespace, property, false, &self.builder);
        }
    }

    fn visit_simple_assignment_target(&mut self, target: &mut SimpleAssignmentTarget<'a>) {
        let SimpleAssignmentTarget::AssignmentTargetIdentifier(identifier) = target else {
            return walk_mut::walk_simple_assignment_target(self, target);
        };
        if let Some(namespace) = self.namespace_of(identifier) {
            let (span, property) = (identifier.span, self.property(identifier));
            *target = SimpleAssignmentTarget::new_static_member_expression(
                span,
                namespace,
                property,
                false,
                &self.builder,
            );
        }
    }

    fn visit_object_property(&mut self, property: &mut ObjectProperty<'a>) {
        walk_mut::walk_object_property(self, property);
        property.shorthand &= matches!(property.value, Expression::Identifier(_));
    }
}
