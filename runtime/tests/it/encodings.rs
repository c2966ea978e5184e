//! `TextDecoder` in every encoding of the web, base64, and the streams of both.

use crate::support::{eval, run, text};

fn check(cases: &[(&str, &str)]) {
    for (expression, value) in cases {
        assert_eq!(eval(expression), *value, "{expression}");
    }
}

#[test]
fn labels_and_encodings() {
    check(&[
        (
            "['UTF8', ' latin1 ', 'ascii', 'sjis', 'gbk', 'utf-16', 'koi8-r', 'x-user-defined'].map(l => new TextDecoder(l).encoding)",
            r#"["utf-8","windows-1252","windows-1252","shift_jis","gbk","utf-16le","koi8-r","x-user-defined"]"#,
        ),
        (
            "['nope', 'replacement', 'iso-2022-kr', ''].map(l => { try { new TextDecoder(l) } catch (e) { return e.name } })",
            r#"["RangeError","RangeError","RangeError","RangeError"]"#,
        ),
        ("new TextDecoder('shift_jis').decode(new Uint8Array([0x82, 0xa0, 0x41]))", "\"あA\""),
        ("new TextDecoder('windows-1252').decode(new Uint8Array([0x80, 0xe9]))", "\"€é\""),
        ("new TextDecoder('utf-16be').decode(new Uint8Array([0xfe, 0xff, 0, 65]))", "\"A\""),
        (
            "new TextDecoder('utf-16be', { ignoreBOM: true }).decode(new Uint8Array([0xfe, 0xff, 0, 65])).length",
            "2",
        ),
    ]);
}

#[test]
fn decoding_by_and_by() {
    check(&[
        (
            "(d => [...new Uint8Array([0x82, 0xa0, 0x82, 0xa2])].map(b => d.decode(new Uint8Array([b]), { stream: true })).join('|') + d.decode())(new TextDecoder('shift_jis'))",
            "\"|あ||い\"",
        ),
        (
            "(d => [[0xef], [0xbb, 0xbf, 0xe2], [0x82], [0xac, 0xf0]].map(b => d.decode(new Uint8Array(b), { stream: true })).join('|') + d.decode())(new TextDecoder())",
            "\"|||€\u{fffd}\"",
        ),
        // What can no longer become a character is said at once.
        ("new TextDecoder().decode(new Uint8Array([0xf0, 0x41]), { stream: true })", "\"\u{fffd}A\""),
        ("new TextDecoder().decode(new Uint8Array([0xe0, 0x80]), { stream: true }).length", "2"),
        (
            "['utf-8', 'euc-jp'].map(l => { try { new TextDecoder(l, { fatal: true }).decode(new Uint8Array([0xff])) } catch (e) { return e.name } })",
            r#"["TypeError","TypeError"]"#,
        ),
    ]);
}

#[test]
fn streams_of_text() {
    let (response, _) = run("export default async () => {
        const encoder = new TextEncoderStream(), writer = encoder.writable.getWriter();
        for (const text of ['a\\ud83d', '\\ude00', '', '\\ud83d']) writer.write(text);
        writer.close();
        let text = '';
        for await (const piece of encoder.readable.pipeThrough(new TextDecoderStream())) text += piece + '|';
        return new Response(text) }");
    assert_eq!(text(response), "a|😀|\u{fffd}|");
}

#[test]
fn base64_of_every_byte_and_of_a_megabyte() {
    check(&[
        ("(s => atob(btoa(s)) === s)(String.fromCharCode(...Array(256).keys()).repeat(4096))", "true"),
        ("[btoa('\\xff\\xfe hi'), atob(' /w = =\\n').charCodeAt(0), atob('')]", r#"["//4gaGk=",255,""]"#),
        ("[new Uint8Array([1, 255]).toHex(), Uint8Array.fromBase64('AQ==')[0]]", r#"["01ff",1]"#),
    ]);
}
