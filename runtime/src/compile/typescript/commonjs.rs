//! CommonJS in a file of its own: `exports` and `module.exports` become the default export, and `require` finds Node's modules.

use mayfly_abi::node::whole_name;
use oxc::ast::ast::{Argument, CallExpression, Expression, Program, Statement};
use oxc::ast_visit::{Visit, walk};
use oxc::semantic::Scoping;

/// The modules that a program asks for by `require`, where that is none of its own.
pub(super) fn required(program: &Program<'_>, scoping: &Scoping) -> Vec<String> {
    if !scoping.root_unresolved_references().contains_key("require") {
        return Vec::new();
    }
    let mut required = Required { scoping, names: Vec::new() };
    required.visit_program(program);
    required.names
}

struct Required<'b> {
    scoping: &'b Scoping,
    names: Vec<String>,
}

impl<'a> Visit<'a> for Required<'_> {
    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        if let Expression::Identifier(callee) = &call.callee
            && callee.name == "require"
            && callee
                .reference_id
                .get()
                .is_some_and(|id| self.scoping.get_reference(id).symbol_id().is_none())
            && let [Argument::StringLiteral(name)] = call.arguments.as_slice()
            && !self.names.contains(&name.value.to_string())
        {
            self.names.push(name.value.to_string());
        }
        walk::walk_call_expression(self, call);
    }
}

/// Whether a program is CommonJS: it names what only that has, and is no module.
pub(super) fn is_commonjs(program: &Program<'_>, scoping: &Scoping) -> bool {
    let unresolved = scoping.root_unresolved_references();
    let names = ["module", "exports", "require"];
    !program.body.iter().any(Statement::is_module_declaration)
        && names.iter().any(|name| unresolved.contains_key(*name))
}

/// The one line before it. What it asks for and there is not, is an error when it asks.
pub(super) fn before(required: &[String]) -> String {
    let mut imports = String::new();
    let mut table = String::new();
    for (number, name) in required.iter().enumerate() {
        if let Some(module) = whole_name(name) {
            imports += &format!("import __node{number} from \"{module}\";");
            table += &format!("\"{name}\":__node{number},");
        }
    }
    format!(
        "{imports}const module = {{ exports: {{}} }}, exports = module.exports, require = ((modules) => (name) => {{ \
         if (Object.hasOwn(modules, name)) return modules[name]; throw Object.assign(new Error(`Cannot find module \
         '${{name}}': mayfly deploy bundles it`), {{ code: \"MODULE_NOT_FOUND\" }}); }})({{{table}}});"
    )
}

/// The line after it.
pub(super) const AFTER: &str = "export default module.exports;";
