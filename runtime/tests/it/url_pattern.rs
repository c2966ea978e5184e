//! URLPattern.

use crate::support::eval;

#[test]
fn patterns_match_urls_and_name_their_groups() {
    for (expression, value) in [
        (
            "(p => [p.test('https://a.test/users/7'), p.test('https://a.test/users/x'), p.hasRegExpGroups])(new URLPattern({ pathname: '/users/:id(\\\\d+)' }))",
            "[true,false,true]",
        ),
        (
            "new URLPattern('https://*.example.test/:kind/*').exec('https://cdn.example.test/img/a/b.png').pathname",
            r#"{"input":"/img/a/b.png","groups":{"0":"a/b.png","kind":"img"}}"#,
        ),
        (
            "new URLPattern('/a/:b', 'https://x.test').exec('https://x.test/a/c').inputs",
            r#"["https://x.test/a/c"]"#,
        ),
        ("new URLPattern({ pathname: '/A' }, { ignoreCase: true }).test('https://x.test/a')", "true"),
        ("new URLPattern({ protocol: 'http{s}?', port: '443' }).test('https://x.test:443/')", "false"),
        (
            "['(', '/:a(', '/([z-a])'].map(pathname => { try { new URLPattern({ pathname }); return 'made' } catch (e) { return e.name } })",
            r#"["TypeError","TypeError","TypeError"]"#,
        ),
        ("new URLPattern({ pathname: '/x' }).exec('nonsense')", "null"),
    ] {
        assert_eq!(eval(expression), value, "{expression}");
    }
}

#[test]
fn punctuation_is_reserved_within_classes_alone() {
    let path = "new URLPattern({ pathname: '/a-b/:id' }).exec('http://x/a-b/7').pathname.groups.id";
    assert_eq!(eval(path), "\"7\"");
    let flag =
        "['^a-b::c/&&$', '^[a-c]-', '[a--b]-', '[(]', '[a-]', '[::]', '[a&&&b]', 'a}'].map((source) => {
        try { return new RegExp(source, 'v').test('a-b::c/&&') } catch (e) { return e.name } })";
    let wrong = "\"SyntaxError\"";
    assert_eq!(eval(flag), format!("[true,true,true,{wrong},{wrong},{wrong},{wrong},{wrong}]"));
}
