//! Phase 1: TypeScript or modern JavaScript to JavaScript, with a source map. Types go; what has no meaning here is
//! refused with the reason.

mod commonjs;
mod enums;
mod namespaces;
mod node;

use std::path::Path;

use mayfly_abi::node::whole_name;
use oxc::allocator::Allocator;
use oxc::ast::ast::{Decorator, Expression, ImportExpression, Program, Statement};
use oxc::ast_visit::Visit;
use oxc::codegen::{Codegen, CodegenOptions};
use oxc::diagnostics::OxcDiagnostic;
use oxc::parser::{ParseOptions, Parser};
use oxc::semantic::{Scoping, SemanticBuilder};
use oxc::span::{GetSpan, SourceType, Span};
use oxc::transformer::{TransformOptions, Transformer};
use oxc_sourcemap::SourceMap;

use super::script;
use super::source::{JavaScript, ScriptSource, Source};
use super::source_map::{self, place_of_offset};
use crate::error::CompileError;

/// Compiles a source to JavaScript.
pub(super) fn to_javascript(source: &Source) -> Result<JavaScript, CompileError> {
    compiled(source, false)
}

/// Compiles code that runs once to a module.
pub(super) fn script_to_javascript(script: &ScriptSource) -> Result<JavaScript, CompileError> {
    compiled(&script.0, true)
}

fn compiled(source: &Source, is_script: bool) -> Result<JavaScript, CompileError> {
    let bundlers = source.source_map.as_deref().map(source_map::read_bundlers).transpose();
    let bundlers = bundlers.map_err(|message| CompileError::SourceMap { message })?;
    let transform = |source_type| transform(source, is_script, source_type, bundlers.as_ref());
    if is_javascript(&source.file_name) {
        return transform(SourceType::mjs());
    }
    // What is no TypeScript may still be JavaScript: `a < b > (c)` is one thing here and another there.
    transform(SourceType::ts().with_module(true))
        .or_else(|error| transform(SourceType::mjs()).map_err(|_| error))
}

/// Whether a source is more than one file of JavaScript or TypeScript: it imports what is none of Node's modules, or is written
/// in what only bundlers know. What cannot be read is not: who compiles it says why.
pub fn needs_bundler(source: &Source) -> bool {
    if matches!(extension(&source.file_name), Some("tsx" | "jsx" | "cts")) {
        return true;
    }
    let source_type =
        if is_javascript(&source.file_name) { SourceType::mjs() } else { SourceType::ts().with_module(true) };
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, &source.code, source_type).parse();
    let mut program = parsed.program;
    let scoping = SemanticBuilder::new().with_enum_eval(true).build(&program).semantic.into_scoping();
    let mut decorator = FirstDecorator(None);
    decorator.visit_program(&program);
    let required = commonjs::required(&program, &scoping);
    decorator.0.is_some()
        || required
            .iter()
            .chain(&imports(source, &allocator, &mut program, scoping))
            .any(|name| whole_name(name).is_none())
}

/// The modules that a source imports once its types are gone.
fn imports<'a>(
    source: &Source,
    allocator: &'a Allocator,
    program: &mut Program<'a>,
    scoping: Scoping,
) -> Vec<String> {
    let options = TransformOptions::default();
    Transformer::new(allocator, Path::new(&source.file_name), &options).build_with_scoping(scoping, program);
    imported_by(program)
}

fn imported_by(program: &Program<'_>) -> Vec<String> {
    let mut imported = Imports(program.body.iter().filter_map(imported).map(str::to_owned).collect());
    imported.visit_program(program);
    imported.0
}

/// Modules that are imported while the program runs.
struct Imports(Vec<String>);

impl<'a> Visit<'a> for Imports {
    fn visit_import_expression(&mut self, import: &ImportExpression<'a>) {
        if let Expression::StringLiteral(name) = &import.source {
            self.0.push(name.value.to_string());
        }
    }
}

/// The module that a statement imports.
fn imported<'a>(statement: &Statement<'a>) -> Option<&'a str> {
    match statement {
        Statement::ImportDeclaration(import) => Some(import.source.value.as_str()),
        Statement::ExportAllDeclaration(export) => Some(export.source.value.as_str()),
        Statement::ExportFromDeclaration(export) => Some(export.source.value.as_str()),
        _ => None,
    }
}

/// Whether a program imports or exports something: then it is a module as it is. An export of nothing, which is what types leave
/// behind, is dropped.
fn is_module(program: &mut Program<'_>) -> bool {
    program.body.retain(|statement| !exports_nothing(statement));
    program.body.iter().any(Statement::is_module_declaration)
}

fn exports_nothing(statement: &Statement<'_>) -> bool {
    matches!(statement, Statement::ExportNamedDeclaration(export)
        if export.specifiers.is_empty())
}

fn is_javascript(file_name: &str) -> bool {
    matches!(extension(file_name), Some("js" | "mjs" | "cjs" | "jsx"))
}

fn extension(file_name: &str) -> Option<&str> {
    Path::new(file_name).extension().and_then(|extension| extension.to_str())
}

fn transform(
    source: &Source,
    is_script: bool,
    source_type: SourceType,
    bundlers: Option<&SourceMap<'_>>,
) -> Result<JavaScript, CompileError> {
    let allocator = Allocator::default();
    let options = ParseOptions {
        // A script is the body of a function.
        allow_return_outside_function: is_script,
        ..ParseOptions::default()
    };
    let parsed = Parser::new(&allocator, &source.code, source_type).with_options(options).parse();
    refuse_errors(source, parsed.diagnostics)?;
    let mut program = parsed.program;
    let analysed = SemanticBuilder::new().with_check_syntax_error(true).with_enum_eval(true).build(&program);
    refuse_errors(source, analysed.diagnostics)?;
    refuse_decorators(source, &program)?;
    let mut scoping = analysed.semantic.into_scoping();
    let is_for_deno = node::is_for_deno(&program, &scoping);
    let uses_node = is_for_deno || node::uses_globals(&program, &scoping);
    let commonjs = (!is_script && bundlers.is_none() && commonjs::is_commonjs(&program, &scoping))
        .then(|| commonjs::required(&program, &scoping));
    if namespaces::join_blocks(&mut program, &scoping, &allocator) {
        scoping = SemanticBuilder::new().with_enum_eval(true).build(&program).semantic.into_scoping();
    }
    let enums = enums::declared(&program);
    let options = TransformOptions::default();
    let transformed = Transformer::new(&allocator, Path::new(&source.file_name), &options)
        .build_with_scoping(scoping, &mut program);
    refuse_errors(source, transformed.diagnostics)?;
    enums::keep_strings_one_way(&mut program, &enums, &allocator);
    refuse_imports(source, &program)?;
    let required = commonjs.iter().flatten();
    let imports_node =
        uses_node || imported_by(&program).iter().chain(required).any(|name| whole_name(name).is_some());
    node::rewrite(&mut program, &source.file_name, &allocator);
    let is_module = !is_script || is_module(&mut program);
    let options = CodegenOptions {
        source_map_path: Some(source.file_name.clone().into()),
        ..CodegenOptions::default()
    };
    let printed = Codegen::new().with_options(options).build(&program);
    if let (true, Some(map)) = (is_script, &printed.map) {
        let (code, lines) = script::wrapped(&printed.code, is_module);
        return Ok(JavaScript { code, source_map: source_map::moved(map, lines), imports_node });
    }
    if let (Some(required), Some(map)) = (commonjs, &printed.map) {
        let code = format!("{}\n{}\n{}", commonjs::before(&required), printed.code, commonjs::AFTER);
        return Ok(JavaScript { code, source_map: source_map::moved(map, 1), imports_node });
    }
    let map = printed.map.map(|map| match bundlers {
        Some(bundlers) => source_map::compose(&map, bundlers),
        None => map.to_json_string(),
    });
    let mut code = printed.code;
    if is_for_deno {
        // At its end, where it moves no line; imports come first in any case.
        code += node::DENO;
    }
    Ok(JavaScript { code, source_map: map.unwrap_or_default(), imports_node })
}

fn refuse_errors(
    source: &Source,
    diagnostics: impl IntoIterator<Item = OxcDiagnostic>,
) -> Result<(), CompileError> {
    let error =
        diagnostics.into_iter().find(|diagnostic| diagnostic.severity == oxc::diagnostics::Severity::Error);
    match error {
        None => Ok(()),
        Some(error) => {
            let place =
                error.labels.first().map(|label| place_of_offset(&source.code, label.offset() as usize));
            Err(CompileError::Syntax { message: error.message.to_string(), place })
        }
    }
}

fn unsupported(source: &Source, span: Span, message: String) -> CompileError {
    CompileError::Unsupported { message, place: Some(place_of_offset(&source.code, span.start as usize)) }
}

struct FirstDecorator(Option<Span>);

impl<'a> Visit<'a> for FirstDecorator {
    fn visit_decorator(&mut self, decorator: &Decorator<'a>) {
        self.0.get_or_insert(decorator.span);
    }
}

fn refuse_decorators(source: &Source, program: &Program<'_>) -> Result<(), CompileError> {
    let mut first = FirstDecorator(None);
    first.visit_program(program);
    match first.0 {
        None => Ok(()),
        Some(span) => Err(unsupported(
            source,
            span,
            "decorators are for a bundler, which writes out what they do: `mayfly deploy` has it done, and so does any bundler"
                .to_owned(),
        )),
    }
}

/// Imports that are left once types are gone, but those of Node's modules: a function is one file.
fn refuse_imports(source: &Source, program: &Program<'_>) -> Result<(), CompileError> {
    for statement in &program.body {
        let Some(name) = imported(statement).filter(|name| whole_name(name).is_none()) else { continue };
        let message = if name.starts_with("node:") {
            format!("'{name}' is imported, which is none of Node's modules")
        } else if name.starts_with("https:") || name.starts_with("http:") {
            format!(
                "'{name}' is imported, but nothing is fetched at a deploy: install the package by npm, and `mayfly deploy` bundles it"
            )
        } else {
            format!(
                "'{name}' is imported, but a function is one file: `mayfly deploy` bundles it, and so does any bundler"
            )
        };
        return Err(unsupported(source, statement.span(), message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(file_name: &str, code: &str) -> Result<JavaScript, CompileError> {
        to_javascript(&Source { file_name: file_name.to_owned(), code: code.to_owned(), source_map: None })
    }

    fn refused(code: &str) -> (String, Option<(u32, u32)>) {
        let error = compile("f.ts", code).expect_err("this must be refused");
        let place = error.place().map(|place| (place.line, place.column));
        (error.to_string(), place)
    }

    #[test]
    fn types_go_and_their_runtime_parts_stay() {
        let script = compile(
            "f.ts",
            "import type { X } from 'x';\n\
             enum Color { Red, Green = 'g' }\n\
             namespace N { export const one: number = 1 }\n\
             class P { constructor(private readonly x: number, public y?: string) {} }\n\
             const v = { a: 1 } satisfies Record<string, number>;\n\
             abstract class A<T> { declare z: T; abstract m(): void }\n\
             export async function handler(req: Request): Promise<Response> { return new Response(v!.a as any) }",
        )
        .unwrap();
        for kept in ["Color", "this.x = x", "N", "handler"] {
            assert!(script.code.contains(kept), "{kept} is missing in {}", script.code);
        }
        for gone in ["Promise<Response>", "satisfies", "readonly", "import"] {
            assert!(!script.code.contains(gone), "{gone} is left in {}", script.code);
        }
        assert!(script.source_map.contains("f.ts"));
    }

    #[test]
    fn errors_name_the_line_and_the_column() {
        assert_eq!(refused("let a = 1;\nlet b = ;").1, Some((2, 9)));
        assert_eq!(refused("let a;\nlet a;").1, Some((1, 5)));
    }

    #[test]
    fn what_has_no_meaning_here_is_refused_with_the_reason() {
        let (message, place) = refused("function d() {}\n@d class C {}");
        assert!(message.contains("decorators"), "{message}");
        assert_eq!(place, Some((2, 1)));
        let (message, place) = refused("import 'node:buffer'; import fs from 'node:fss'; export default fs");
        assert!(message.contains("'node:fss'") && message.contains("none of Node's"), "{message}");
        assert_eq!(place, Some((1, 23)));
        let (message, _) = refused("import z from 'https://esm.sh/zod'; export default z");
        assert!(message.contains("npm"), "{message}");
        let (message, place) = refused("import { a } from 'lodash';\nexport const handler = a;");
        assert!(message.contains("'lodash'") && message.contains("bundle"), "{message}");
        assert_eq!(place, Some((1, 1)));
    }

    #[test]
    fn a_bundler_is_for_what_is_more_than_one_file() {
        let needs = |name: &str, code: &str| {
            needs_bundler(&Source { file_name: name.into(), code: code.into(), source_map: None })
        };
        let types = "import type { A } from 'a'; import { B } from 'b'; import fs from 'fs'; (x: B) => fs";
        assert!(!needs("f.ts", types));
        for code in [
            "import { c } from 'c'; c()",
            "export * from './d.ts'",
            "const e = () => import('e')",
            "exports.a = require('a')",
            "@d class C {}",
        ] {
            assert!(needs("f.ts", code), "{code}");
        }
        assert!(!needs("f.js", "exports.a = require('fs'); function f(require) { require('a') }"));
        assert!(!needs("f.ts", "let = ;;; import"));
        assert!(needs("f.tsx", ""));
    }

    #[test]
    fn nodes_modules_are_imported_with_the_names_that_are_wanted() {
        let script = compile(
            "f.ts",
            "import fs, { readFile as r } from 'fs'; export { join } from 'node:path'; export * from 'url';
             export default async () => [fs, r, await import('os'), import.meta.url, import.meta.main]",
        )
        .unwrap();
        for text in [
            "\"node:fs?readFile\"",
            "\"node:path?join\"",
            "\"node:url\"",
            "import(\"node:os\")",
            "\"file:///f.ts\"",
        ] {
            assert!(script.code.contains(text), "{text} is missing in {}", script.code);
        }
        assert!(script.imports_node);
        assert!(compile("f.ts", "export default () => process.env.A").unwrap().imports_node);
        assert!(compile("f.ts", "export default () => globalThis.Buffer").unwrap().imports_node);
        assert!(!compile("f.ts", "export default (process) => process.env.A").unwrap().imports_node);
    }

    #[test]
    fn commonjs_exports_by_default() {
        let script = compile("f.js", "const os = require('os');\nexports.handler = () => os;").unwrap();
        assert!(
            script.imports_node && script.code.starts_with("import __node0 from \"node:os\""),
            "{}",
            script.code
        );
        assert!(script.code.ends_with("export default module.exports;"), "{}", script.code);
        assert!(
            !compile("f.js", "const module = {}; module.a = 1; export { module }")
                .unwrap()
                .code
                .contains("require")
        );
    }

    #[test]
    fn javascript_that_is_no_typescript_is_taken() {
        assert!(compile("f.js", "export const handler = (a, b, c) => a < b > (c);").is_ok());
    }
}
