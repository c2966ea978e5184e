//! What a program wants of Node: modules, of which each import says what names it is for, and globals.

use mayfly_abi::node::{GLOBALS, whole_name, with_names};
use oxc::allocator::Allocator;
use oxc::ast::ast::{
    Expression, ImportDeclarationSpecifier, ImportExpression, ModuleExportName, Program, Statement,
    StaticMemberExpression, StringLiteral,
};
use oxc::ast::builder::AstBuilder;
use oxc::ast_visit::{Visit, VisitMut, walk, walk_mut};
use oxc::semantic::Scoping;
use oxc::span::SPAN;

/// Whether a program uses a global that only the Node image has.
pub(super) fn uses_globals(program: &Program<'_>, scoping: &Scoping) -> bool {
    let unresolved = scoping.root_unresolved_references();
    if GLOBALS.iter().any(|name| unresolved.contains_key(*name)) {
        return true;
    }
    let mut members = Members(false);
    members.visit_program(program);
    members.0
}

/// The import that a function gets which is written for Deno.
pub(super) const DENO: &str = "\nimport Deno from \"node:deno\";\n";

/// Whether a program calls `Deno.serve` or reads `Deno.env`. One that only asks whether there is a Deno gets none.
pub(super) fn is_for_deno(program: &Program<'_>, scoping: &Scoping) -> bool {
    if !scoping.root_unresolved_references().contains_key("Deno") {
        return false;
    }
    let mut used = DenoUsed(false);
    used.visit_program(program);
    used.0
}

struct DenoUsed(bool);

impl<'a> Visit<'a> for DenoUsed {
    fn visit_static_member_expression(&mut self, member: &StaticMemberExpression<'a>) {
        if let Expression::Identifier(object) = &member.object {
            self.0 |= object.name == "Deno" && matches!(member.property.name.as_str(), "serve" | "env");
        }
        walk::walk_static_member_expression(self, member);
    }
}

/// Finds `globalThis.process` and the like.
struct Members(bool);

impl<'a> Visit<'a> for Members {
    fn visit_static_member_expression(&mut self, member: &StaticMemberExpression<'a>) {
        if let Expression::Identifier(object) = &member.object
            && matches!(object.name.as_str(), "globalThis" | "self")
        {
            self.0 |= GLOBALS.contains(&member.property.name.as_str());
        }
        walk::walk_static_member_expression(self, member);
    }
}

/// Has imports of Node's modules say what names they are for, and gives `import.meta` its members.
pub(super) fn rewrite<'a>(program: &mut Program<'a>, file_name: &str, allocator: &'a Allocator) {
    let builder = AstBuilder::new(allocator);
    for statement in &mut program.body {
        match statement {
            Statement::ImportDeclaration(import) => {
                let names: Vec<_> = import.specifiers.iter().flatten().filter_map(imported_name).collect();
                rename(&mut import.source, &names, allocator);
            }
            Statement::ExportFromDeclaration(export) => {
                let names: Vec<_> = export.specifiers.iter().filter_map(|name| plain(&name.local)).collect();
                rename(&mut export.source, &names, allocator);
            }
            Statement::ExportAllDeclaration(export) => rename(&mut export.source, &[], allocator),
            _ => {}
        }
    }
    Rewriter { builder, allocator, file_name }.visit_program(program);
}

fn imported_name<'a>(specifier: &ImportDeclarationSpecifier<'a>) -> Option<&'a str> {
    match specifier {
        ImportDeclarationSpecifier::ImportSpecifier(specifier) => plain(&specifier.imported),
        _ => None,
    }
}

/// A name, unless it is text: none of Node's exports has such a one.
fn plain<'a>(name: &ModuleExportName<'a>) -> Option<&'a str> {
    match name {
        ModuleExportName::IdentifierName(name) => Some(name.name.as_str()),
        ModuleExportName::IdentifierReference(name) => Some(name.name.as_str()),
        ModuleExportName::StringLiteral(_) => None,
    }
}

fn rename<'a>(source: &mut StringLiteral<'a>, names: &[&str], allocator: &'a Allocator) {
    if let Some(module) = whole_name(source.value.as_str()) {
        let name = allocator.alloc_str(&with_names(module, names.iter().copied()));
        source.value = name.into();
        source.raw = None;
    }
}

struct Rewriter<'a, 'b> {
    builder: AstBuilder<'a>,
    allocator: &'a Allocator,
    file_name: &'b str,
}

impl<'a> VisitMut<'a> for Rewriter<'a, '_> {
    fn visit_import_expression(&mut self, import: &mut ImportExpression<'a>) {
        walk_mut::walk_import_expression(self, import);
        if let Expression::StringLiteral(source) = &mut import.source {
            rename(source, &[], self.allocator);
        }
    }

    fn visit_expression(&mut self, expression: &mut Expression<'a>) {
        walk_mut::walk_expression(self, expression);
        let Expression::StaticMemberExpression(member) = expression else { return };
        let Expression::ImportMeta(_) = &member.object else { return };
        let value = match member.property.name.as_str() {
            "url" => format!("file:///{}", self.file_name),
            "filename" => format!("/{}", self.file_name),
            "dirname" => "/".to_owned(),
            "main" => {
                *expression = Expression::new_boolean_literal(SPAN, true, &self.builder);
                return;
            }
            _ => return,
        };
        let value = self.allocator.alloc_str(&value);
        *expression = Expression::new_string_literal(SPAN, value, None, &self.builder);
    }
}
