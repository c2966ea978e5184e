//! Enums as TypeScript has them, once they are JavaScript: a member whose value is a string has no entry that leads from the value
//! back to the name.
//!
//! For a value that is computed the transformer writes that entry in any case, `E[E["A"] = value] = "A"`, where it would
//! overwrite a member of that name. Whether it is a string is known when it runs.

use std::collections::BTreeSet;

use oxc::allocator::{Allocator, TakeIn};
use oxc::ast::ast::{
    AssignmentExpression, AssignmentTarget, BinaryOperator, Expression, LogicalOperator, Program,
    TSEnumDeclaration, UnaryOperator,
};
use oxc::ast::builder::AstBuilder;
use oxc::ast_visit::{Visit, VisitMut, walk_mut};
use oxc::span::SPAN;

/// The names of the enums of a program that has its types yet.
pub(super) fn declared(program: &Program<'_>) -> BTreeSet<String> {
    let mut names = Names::default();
    names.visit_program(program);
    names.0
}

#[derive(Default)]
struct Names(BTreeSet<String>);

impl<'a> Visit<'a> for Names {
    fn visit_ts_enum_declaration(&mut self, declared: &TSEnumDeclaration<'a>) {
        self.0.insert(declared.id.name.to_string());
    }
}

/// Lets string members of these enums be without an entry for their values.
pub(super) fn keep_strings_one_way<'a>(
    program: &mut Program<'a>,
    enums: &BTreeSet<String>,
    allocator: &'a Allocator,
) {
    if !enums.is_empty() {
        let builder = AstBuilder::new(allocator);
        Rewriter { enums, builder }.visit_program(program);
    }
}

struct Rewriter<'a, 'b> {
    enums: &'b BTreeSet<String>,
    builder: AstBuilder<'a>,
}

impl<'a> VisitMut<'a> for Rewriter<'a, '_> {
    fn visit_expression(&mut self, expression: &mut Expression<'a>) {
        walk_mut::walk_expression(self, expression);
        let Expression::AssignmentExpression(entry) = expression else { return };
        let Some((name, member)) = self.computed_member(entry) else { return };
        // E["A"], once for what is computed and once more for the entry
        let value = self.member_of(name, member);
        let AssignmentTarget::ComputedMemberExpression(target) = &mut entry.left else { return };
        let computed = std::mem::replace(&mut target.expression, value);
        let entry = expression.take_in(&self.builder);
        let kind = Expression::new_unary_expression(SPAN, UnaryOperator::Typeof, computed, &self.builder);
        let string = Expression::new_string_literal(SPAN, "string", None, &self.builder);
        let is_string = Expression::new_binary_expression(
            SPAN,
            kind,
            BinaryOperator::StrictEquality,
            string,
            &self.builder,
        );
        *expression =
            Expression::new_logical_expression(SPAN, is_string, LogicalOperator::Or, entry, &self.builder);
    }
}

impl<'a> Rewriter<'a, '_> {
    /// The enum and the member of `E[E["A"] = value] = "A"`, where the value is none that is written out.
    fn computed_member(&self, entry: &AssignmentExpression<'a>) -> Option<(&'a str, &'a str)> {
        let (name, Expression::AssignmentExpression(computed)) = self.of_enum(&entry.left)? else {
            return None;
        };
        let (inner, Expression::StringLiteral(member)) = self.of_enum(&computed.left)? else { return None };
        let Expression::StringLiteral(entry) = &entry.right else { return None };
        let is_number = match &computed.right {
            Expression::NumericLiteral(_) => true,
            Expression::UnaryExpression(unary) => matches!(unary.argument, Expression::NumericLiteral(_)),
            _ => false,
        };
        (name == inner && member.value == entry.value && !is_number).then_some((name, member.value.as_str()))
    }

    fn of_enum<'b>(&self, target: &'b AssignmentTarget<'a>) -> Option<(&'a str, &'b Expression<'a>)> {
        let AssignmentTarget::ComputedMemberExpression(member) = target else { return None };
        let Expression::Identifier(object) = &member.object else { return None };
        self.enums.contains(object.name.as_str()).then_some((object.name.as_str(), &member.expression))
    }

    fn member_of(&self, name: &'a str, member: &'a str) -> Expression<'a> {
        let object = Expression::new_identifier(SPAN, name, &self.builder);
        let member = Expression::new_string_literal(SPAN, member, None, &self.builder);
        Expression::new_computed_member_expression(SPAN, object, member, false, &self.builder)
    }
}
