//! JSON: its common case is read and written in a way of its own, which must come to what the engine's own way comes to.

use crate::support::{bytes, call, eval, image, invoke, post, run, text};

fn holds(cases: &[(&str, &str)]) {
    for (expression, expected) in cases {
        assert_eq!(eval(expression), *expected, "{expression}");
    }
}

#[test]
fn json_of_every_kind_is_what_the_language_says() {
    holds(&[
        (
            "JSON.stringify([{ a: 1, b: [undefined, () => 1, Symbol()], c: undefined, d: NaN, e: -0, 2: 'x', 1: 'y' }, new Date(0), Object(1n === 1n)])",
            r#""[{\"1\":\"y\",\"2\":\"x\",\"a\":1,\"b\":[null,null,null],\"d\":null,\"e\":0},\"1970-01-01T00:00:00.000Z\",true]""#,
        ),
        (
            "JSON.stringify([{ toJSON: () => 'own' }, new (class { toJSON() { return 'class' } }), Object.create(null), { get a() { return 'got' } }, 'é😀\\ud800\\n\\u0001'])",
            r#""[\"own\",\"class\",{},{\"a\":\"got\"},\"é😀\\ud800\\n\\u0001\"]""#,
        ),
        (
            "(() => { Object.prototype.toJSON = function () { return 'all' }; try { return JSON.stringify([{}, 1]) } finally { delete Object.prototype.toJSON } })()",
            r#""\"all\"""#,
        ),
        (
            "(v => [v, Object.keys(v[2]), Object.getPrototypeOf(v[3]) === Object.prototype, Object.hasOwn(v[3], '__proto__'), 1 / v[4]])(JSON.parse('[{\"a\":1,\"b\":2},{\"a\":3,\"b\":4,\"c\":5},{\"b\":1,\"2\":0,\"a\":2,\"a\":9},{\"__proto__\":[1]},-0,1e3,12345678901234567890,0.1e-7,\"\\\\u00e9\\\\ud83d\\\\ude00\"]'))",
            r#"[[{"a":1,"b":2},{"a":3,"b":4,"c":5},{"2":0,"b":1,"a":9},{"__proto__":[1]},0,1000,12345678901234567000,1e-8,"é😀"],["2","b","a"],true,true,null]"#,
        ),
        (
            // what one object of a list becomes is not what the others become
            "(l => { l[0].z = 1; delete l[1].a; l[2].b = 'x'; Object.freeze(l[3]); return [l, JSON.parse('[{\"a\":1,\"b\":2}]')] })(JSON.parse('[' + Array(4).fill('{\"a\":1,\"b\":2}') + ']'))",
            r#"[[{"a":1,"b":2,"z":1},{"b":2},{"a":1,"b":"x"},{"a":1,"b":2}],[{"a":1,"b":2}]]"#,
        ),
    ]);
    for text in [
        "{\"a\":1,}",
        "[1,]",
        "[1 2]",
        "{\"a\" 1}",
        "01",
        "1.",
        "-",
        "\"\u{1}\"",
        "\"\\x\"",
        "[\"\\u12g4\"]",
        "tru",
        "[1]]",
        "",
        "{\"a\":1",
    ] {
        let told = eval(&format!(
            "(t => {{ try {{ JSON.parse(t) }} catch (e) {{ return e.name }} }})({text:?}.replace('\\u{{1}}', '\\u0001'))"
        ));
        assert_eq!(told, r#""SyntaxError""#, "{text}");
    }
}

#[test]
fn json_of_many_alike_objects_costs_little() {
    let code = |n: u32| {
        format!(
            "export default () => {{ const list = Array.from({{ length: 500 }}, (_, id) => ({{ id, name: 'name ' + id, on: id % 2 === 0, at: id * 1.5, tags: ['a', 'b'], deep: {{ x: id, y: null }} }})); \
               let text = ''; for (let i = 0; i < {n}; i++) text = JSON.stringify(i ? JSON.parse(text) : list); return new Response(String(text.length)) }}"
        )
    };
    let fuel = |n| {
        let (response, outcome) = run(&code(n));
        (text(response).parse::<u64>().unwrap(), outcome.usage.fuel)
    };
    let ((length, once), (_, often)) = (fuel(1), fuel(11));
    // A round trip; the engine's own way takes some 600 a byte.
    let a_byte = (often - once) / 10 / length;
    assert!(a_byte < 250, "{a_byte} fuel a byte");
}

/// A reviver and a replacer make the engine go its own way.
#[test]
fn both_ways_come_to_the_same() {
    let code = r#"
const texts = ["", "plain", "é", "пользователь", "日本語", "😀", "\ud800", "a\udc00b", "\u0000\n\"\\", "x".repeat(70), "é".repeat(9) + "字"];
const numbers = [0, -0, 1, -1, 0.5, 0.1, 1.1, -2.75, 1e-6, 1.000001, 123456789.25, 0.1 + 0.2, 1e21, 1e-7, 2 ** 53, 4.35, 999999999.999999, 1 / 3, NaN, -Infinity];
const dates = [0, 1, 951782400000, -1, 253402300799999, 253402300800000, -62167219200001, 8.64e15, NaN];
let seed = 42;
const random = (n) => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff, (seed >>> 8) % n);
const pick = (list) => list[random(list.length)];
function value(depth) {
  const kind = random(depth > 4 ? 6 : 10);
  if (kind === 0) return random(2) ? pick(numbers) : (random(2000000) - 1000000) / 10 ** random(9);
  if (kind === 1) return pick([true, false, null, undefined, Symbol("s"), () => 1]);
  if (kind === 2) return new Date(pick(dates));
  if (kind < 6) return pick(texts) + pick(texts);
  if (kind < 8) return Array.from({ length: random(5) }, () => value(depth + 1));
  const made = random(4) === 0 ? Object.create(null) : {};
  for (let i = random(6); i > 0; i--) made[pick([String(random(20)), "k" + random(9), pick(texts), "-1", "4294967296"])] = value(depth + 1);
  return made;
}
const same = (a, b) => Object.is(a, b) || (typeof a === "object" && a !== null && b !== null && Array.isArray(a) === Array.isArray(b) &&
  Reflect.ownKeys(a).length === Reflect.ownKeys(b).length && Reflect.ownKeys(a).every((k, i) => k === Reflect.ownKeys(b)[i] && same(a[k], b[k])));
export default async (req) => {
  for (let i = 0; i < 3000; i++) {
    const made = [value(0), value(0)];
    const quick = JSON.stringify(made);
    if (quick !== JSON.stringify(made, (k, v) => v)) return new Response("written: " + quick);
    for (const text of [quick, JSON.stringify(made, null, 2), quick.replace(/[^\x00-\x7f]/g, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"))])
      if (!same(JSON.parse(text), JSON.parse(text, (k, v) => v))) return new Response("read: " + text);
  }
  return new Response("same");
};
"#;
    assert_eq!(text(run(code).0), "same");
}

#[test]
fn a_body_is_read_from_its_bytes_as_from_its_text() {
    let echo = image(
        "export default async (req) => { try { return Response.json(await req.json()) } catch (e) { return new Response(String(e)) } }",
    );
    let whole = image(
        "export default async (req) => { try { return Response.json(JSON.parse(await req.text())) } catch (e) { return new Response(String(e)) } }",
    );
    for body in [
        "{\"a\":[1,2.5,\"é 字 😀\",null],\"ключ\":{\"2\":1,\"1\":2}}".as_bytes(),
        b"\xef\xbb\xbf[1]",
        b"[\"\xff\xfe broken \xe2\x82\"]",
        b"[\"\xed\xa0\x80\"]",
        b"[\"\\ud800\"]",
        b"{\"a\":1,}",
        b"tru",
        b" ",
        "[\"\u{1}\"]".as_bytes(),
        "[{\"é\":1},{\"é\":2},{\"Ã©\":3}]".as_bytes(),
    ] {
        let ask = |image| {
            let mut call = call();
            "POST".clone_into(&mut call.request.method);
            call.request.body = Some(body.to_vec().into());
            invoke(image, call).0.unwrap()
        };
        let (one, other) = (ask(&echo), ask(&whole));
        assert_eq!(bytes(&one), bytes(&other), "{}", String::from_utf8_lossy(body));
        assert!(!bytes(&one).is_empty());
    }
}

#[test]
fn dates_that_were_given_another_way_go_it() {
    holds(&[
        (
            "[new Date(0), JSON.stringify({ at: new Date(1e12) })]",
            r#"["1970-01-01T00:00:00.000Z","{\"at\":\"2001-09-09T01:46:40.000Z\"}"]"#,
        ),
        (
            "(() => { const own = Date.prototype.toISOString; Date.prototype.toISOString = () => 'iso'; try { return JSON.stringify([new Date(0)]) } finally { Date.prototype.toISOString = own } })()",
            r#""[\"iso\"]""#,
        ),
        (
            "(() => { const own = Date.prototype.toJSON; Date.prototype.toJSON = () => 'json'; try { return JSON.stringify([new Date(0)]) } finally { Date.prototype.toJSON = own } })()",
            r#""[\"json\"]""#,
        ),
        (
            "(() => { Date.prototype[Symbol.toPrimitive]; const own = Date.prototype.valueOf; Date.prototype.valueOf = () => NaN; try { return JSON.stringify([new Date(0)]) } finally { Date.prototype.valueOf = own } })()",
            r#""[null]""#,
        ),
        ("JSON.stringify(Object.assign(new Date(0), { toISOString: () => 'own' }))", r#""\"own\"""#),
        (
            "JSON.stringify([new (class extends Date { toISOString() { return 'class' } })(0)])",
            r#""[\"class\"]""#,
        ),
    ]);
}

#[test]
fn wide_text_dates_and_bodies_cost_little_too() {
    let list = |name: &str| {
        let entries: Vec<String> = (0..200)
            .map(|id| format!("{{\"id\":{id},\"name\":\"{name} {id}\",\"on\":true,\"score\":{id}.5}}"))
            .collect();
        format!("[{}]", entries.join(","))
    };
    let echo = image("export default async (req) => Response.json(await req.json())");
    for (name, most) in [("a name", 170), ("имя в тексте", 300)] {
        let body = list(name);
        let (response, outcome) = invoke(&echo, post(&body));
        assert_eq!(text(response), body);
        let a_byte = outcome.usage.fuel / body.len() as u64;
        assert!(a_byte < most, "{name}: {a_byte} fuel a byte");
    }
    let (response, outcome) =
        run("export default () => Response.json(Array.from({ length: 1000 }, () => new Date(0)))");
    assert!(text(response).len() == 27 * 1000 + 1);
    assert!(outcome.usage.fuel < 5_000_000, "{} fuel", outcome.usage.fuel);
}
