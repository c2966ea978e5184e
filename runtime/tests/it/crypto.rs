//! Web Crypto, against known answers: published ones, and what Node's OpenSSL made of the same (`crypto/node.json`).

use mayfly_runtime::{Fault, Limits};

use crate::support::{block_on, call, engine, eval, fault_within, image, invoke, run, text};

/// What the tests' code is given.
const TOOLS: &str = r"
    const { subtle } = crypto;
    const hex = (bytes) => [...new Uint8Array(bytes)].map(b => b.toString(16).padStart(2, '0')).join('');
    const bytes = (text) => new TextEncoder().encode(text);
    const text = (bytes) => new TextDecoder().decode(bytes);
    const binary = (base64) => Uint8Array.fromBase64(base64);
    const name = async (promise) => { try { await promise; return 'fine' } catch (e) { return e.name } };";

fn js(body: &str) -> String {
    text(run(&format!("{TOOLS} export default async () => {{ {body} }}")).0)
}

fn says(expression: &str) -> String {
    js(&format!("return new Response(String(await (async () => ({expression}))()))"))
}

#[test]
fn digests() {
    for (hash, digest) in [
        ("SHA-1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("sha-256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "SHA-512",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
    ] {
        assert_eq!(says(&format!("hex(await subtle.digest('{hash}', bytes('abc')))")), digest);
    }
    // Beyond four megabytes it goes to the host in pieces.
    let zeroes = "hex(await subtle.digest('SHA-256', new Uint8Array(5 << 20)))";
    let streamed = "hex(await subtle.digest('SHA-256', (async function* () { for (let i = 0; i < 5; i++) yield new Uint8Array(1 << 20) })()))";
    assert_eq!(says(zeroes), says(streamed));
    assert_eq!(says(zeroes), "c036cbb7553a909f8b8877d4461924307f27ecb66cff928eeeafd569c3887e29");
    assert_eq!(says("name(subtle.digest('MD5', bytes('abc')))"), "NotSupportedError");
}

#[test]
fn ciphers() {
    let key = |length: usize, name: &str| {
        format!(
            "(await subtle.importKey('raw', new Uint8Array({length}).map((_, i) => i * 7), '{name}', true, ['encrypt', 'decrypt']))"
        )
    };
    let plain = "bytes('hello world, hello world, hello world')";
    for (length, name, parameters, sealed) in [
        (
            16,
            "AES-GCM",
            "iv: bytes('123456789012')",
            "37f77b94cf239341ac063ddb80f5d4bd98dd5120fb358128247d47733f400ba770a25a6a2cb9069fcc989c01fbb66f26a7242b1aeb",
        ),
        // An IV of another length, other data, a shorter tag: not ring's.
        (
            16,
            "AES-GCM",
            "iv: bytes('1234567890123456'), additionalData: bytes('aad'), tagLength: 96",
            "bbbf1b72dea51d7504a06ada18d4869ea7b0d37618392a98a73b44a3f0cb36fe1b1241f8527e465c153d737f5e4de32178",
        ),
        (
            24,
            "AES-GCM",
            "iv: bytes('1234567890123456'), additionalData: bytes('aad'), tagLength: 96",
            "f2dd43e893df3250f6b3c8a441c328611016eac4647e6d48b7f5c00efcfc931a55dcdae4caa9580ce2a1dcbe33d2137769",
        ),
        (
            24,
            "AES-CBC",
            "iv: bytes('1234567890123456')",
            "80fd43f5815187c496f92f79a7cf7e89239ce399aac6567b8f061bf4f8bfcc3f05faf0336a3bc8edeab62bd50e507123",
        ),
        // The counter's eight bits wrap around within the data, and the others stay.
        (
            32,
            "AES-CTR",
            "counter: new Uint8Array(16).fill(255), length: 8",
            "48445f49760b152308c597c2d25aed57db7a209f7483268649a16b3905521db92ecaff79fc",
        ),
        (
            16,
            "AES-CTR",
            "counter: new Uint8Array(16).fill(255), length: 128",
            "eb4d3c1c69944570eb2b7154b812c1cc52d8b07ef05334b4bb759aa2b4a730b5e95e391a9d",
        ),
    ] {
        let (key, how) = (key(length, name), format!("{{ name: '{name}', {parameters} }}"));
        assert_eq!(says(&format!("hex(await subtle.encrypt({how}, {key}, {plain}))")), sealed, "{how}");
        let back = format!("text(await subtle.decrypt({how}, {key}, Uint8Array.fromHex('{sealed}')))");
        assert_eq!(says(&back), "hello world, hello world, hello world", "{how}");
    }
    let (gcm, ctr) = (key(16, "AES-GCM"), key(16, "AES-CTR"));
    let forged = format!(
        "name(subtle.decrypt({{ name: 'AES-GCM', iv: new Uint8Array(12) }}, {gcm}, new Uint8Array(32)))"
    );
    assert_eq!(says(&forged), "OperationError");
    // Two blocks are all that a counter of one bit can count.
    let count = |bytes: usize| {
        says(&format!(
            "name(subtle.encrypt({{ name: 'AES-CTR', counter: new Uint8Array(16), length: 1 }}, {ctr}, new Uint8Array({bytes})))"
        ))
    };
    assert_eq!([count(32), count(33)], ["fine", "OperationError"]);
}

#[test]
fn macs_and_derivations() {
    assert_eq!(
        says(
            "hex(await subtle.sign('HMAC', await subtle.importKey('raw', bytes('key'), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']), bytes('data')))"
        ),
        "5031fe3d989c6d1537a013fa6e739da23463fdaec3b70137d828e36ace221bd0"
    );
    let derive = |key: &str, how: &str, bits: u32| {
        says(&format!(
            "hex(await subtle.deriveBits({how}, await subtle.importKey('raw', bytes('{key}'), {how}, false, ['deriveBits']), {bits}))"
        ))
    };
    let pbkdf2 = |iterations: u32| {
        format!("{{ name: 'PBKDF2', hash: 'SHA-256', salt: bytes('salt'), iterations: {iterations} }}")
    };
    let expected = "ce7834ce3ad3ce55207a94de959d37afbd9f8eea479d46cbe7959a53d1ab5ecb3e7d842d37f7cc496e32345b79c5b3e75664f4fd51540039fcb1e3f15c59b4b5";
    assert_eq!(derive("pass", &pbkdf2(1_000), 512), expected);
    // While one waits, and while the invocation goes on.
    assert_eq!(
        derive("password", &pbkdf2(4_096), 256),
        "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a"
    );
    assert_eq!(
        derive("password", &pbkdf2(1), 256),
        "120fb6cffcf8b32c43e7225256c4f837a86548c92ccc35480805987cb70be17b"
    );
    let hkdf = "{ name: 'HKDF', hash: 'SHA-256', salt: bytes('salt'), info: bytes('info') }";
    assert_eq!(
        derive("ikm", hkdf, 336),
        "fe8f9615d2374c0d17f77d1aeaf408c2e75fe0466073d0def23c733e2f862dfd6814c9254418fa112fe8"
    );
    assert_eq!(
        says(&format!(
            "name(subtle.deriveBits({hkdf}, await subtle.importKey('raw', bytes('k'), 'HKDF', false, ['deriveBits']), 255 * 256 + 8))"
        )),
        "OperationError"
    );
}

#[test]
fn keys_and_signatures_of_nodes_are_understood() {
    let vectors = include_str!("crypto/node.json");
    let code = format!(
        "{TOOLS} const vectors = {vectors}; const message = bytes('mayfly');
        const same = (a, b) => hex(a) === hex(b);
        export default async () => {{
            const seen = [];
            for (const namedCurve of ['P-256', 'P-384', 'P-521']) {{
                const v = vectors[namedCurve], ecdsa = {{ name: 'ECDSA', namedCurve, hash: 'SHA-256' }}, ecdh = {{ name: 'ECDH', namedCurve }};
                const secret = await subtle.importKey('pkcs8', binary(v.pkcs8), ecdsa, true, ['sign']);
                const open = await subtle.importKey('spki', binary(v.spki), ecdsa, true, ['verify']);
                const mine = await subtle.sign(ecdsa, secret, message);
                const [jwk, base] = [await subtle.exportKey('jwk', secret), await subtle.importKey('jwk', v.jwk, ecdh, true, ['deriveBits'])];
                const peer = await subtle.importKey('spki', binary(v.peer), ecdh, true, []);
                seen.push(await subtle.verify(ecdsa, open, binary(v.signature), message), await subtle.verify(ecdsa, open, mine, message),
                    jwk.d === v.jwk.d && jwk.x === v.jwk.x && jwk.y === v.jwk.y, same(await subtle.exportKey('pkcs8', base), binary(v.pkcs8)),
                    same(await subtle.deriveBits({{ name: 'ECDH', public: peer }}, base, null), binary(v.shared)));
            }}
            const ed = await subtle.importKey('pkcs8', binary(vectors.Ed25519.pkcs8), 'Ed25519', true, ['sign']);
            seen.push(same(await subtle.sign('Ed25519', ed, message), binary(vectors.Ed25519.signature)), (await subtle.exportKey('jwk', ed)).x === vectors.Ed25519.jwk.x);
            const x = await subtle.importKey('jwk', vectors.X25519.jwk, 'X25519', true, ['deriveBits']);
            const peer = await subtle.importKey('spki', binary(vectors.X25519.peer), 'X25519', true, []);
            seen.push(same(await subtle.deriveBits({{ name: 'X25519', public: peer }}, x, 256), binary(vectors.X25519.shared)), same(await subtle.exportKey('pkcs8', x), binary(vectors.X25519.pkcs8)));
            const v = vectors.RSA, rsa = (name, usage, data = v.pkcs8, format = 'pkcs8') => subtle.importKey(format, format === 'jwk' ? data : binary(data), {{ name, hash: 'SHA-256' }}, true, [usage]);
            const pss = {{ name: 'RSA-PSS', saltLength: 20 }};
            seen.push(same(await subtle.sign('RSASSA-PKCS1-v1_5', await rsa('RSASSA-PKCS1-v1_5', 'sign'), message), binary(v.pkcs1)),
                await subtle.verify('RSASSA-PKCS1-v1_5', await rsa('RSASSA-PKCS1-v1_5', 'verify', v.spki, 'spki'), binary(v.pkcs1), message),
                await subtle.verify(pss, await rsa('RSA-PSS', 'verify', v.spki, 'spki'), binary(v.pss), message),
                text(await subtle.decrypt({{ name: 'RSA-OAEP', label: bytes('label') }}, await rsa('RSA-OAEP', 'decrypt', v.jwk, 'jwk'), binary(v.oaep))) === 'mayfly',
                same(await subtle.exportKey('pkcs8', await rsa('RSA-PSS', 'sign', v.jwk, 'jwk')), binary(v.pkcs8)));
            return new Response(seen.every(Boolean) ? 'all ' + seen.length : JSON.stringify(seen));
        }}"
    );
    assert_eq!(text(run(&code).0), "all 24");
}

#[test]
fn keys_are_generated_wrapped_and_refused() {
    let body = r"
        const seen = [];
        const rsa = await subtle.generateKey({ name: 'RSA-OAEP', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) }, true, ['wrapKey', 'unwrapKey']);
        const aes = await subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['encrypt']);
        const kw = await subtle.importKey('raw', new Uint8Array(16).fill(3), 'AES-KW', true, ['wrapKey', 'unwrapKey']);
        const nines = await subtle.importKey('raw', new Uint8Array(32).fill(9), 'AES-GCM', true, ['encrypt']);
        seen.push(rsa.privateKey.algorithm.modulusLength, hex(await subtle.wrapKey('raw', nines, kw, 'AES-KW')));
        const wrapped = await subtle.wrapKey('jwk', aes, rsa.publicKey, { name: 'RSA-OAEP' });
        const back = await subtle.unwrapKey('jwk', wrapped, rsa.privateKey, { name: 'RSA-OAEP' }, 'AES-GCM', true, ['encrypt']);
        seen.push(hex(await subtle.exportKey('raw', back)) === hex(await subtle.exportKey('raw', aes)));
        const hidden = await subtle.importKey('raw', new Uint8Array(16), 'AES-GCM', false, ['encrypt']);
        seen.push(await name(subtle.exportKey('raw', hidden)), await name(subtle.decrypt({ name: 'AES-GCM', iv: new Uint8Array(12) }, hidden, new Uint8Array(16))));
        seen.push(await name(subtle.importKey('raw', new Uint8Array(15), 'AES-GCM', false, ['encrypt'])), await name(subtle.importKey('raw', new Uint8Array(16), 'AES-GCM', false, ['sign'])));
        seen.push(await name(subtle.importKey('raw', new Uint8Array(16), 'Blowfish', false, [])), await name(subtle.importKey('odd', new Uint8Array(16), 'AES-GCM', false, ['encrypt'])));
        return Response.json(seen);";
    assert_eq!(
        js(body),
        r#"[2048,"f4bb43b919ab37b3268bbfdb48d7df26e5e3447567487f037deebb805265d862fe3d0a324676b6a2",true,"InvalidAccessError","InvalidAccessError","DataError","SyntaxError","NotSupportedError","TypeError"]"#
    );
}

#[test]
fn replaced_built_ins_see_no_key() {
    let body = r"
        const spied = [], secret = new Uint8Array(32).fill(0xa5);
        const isSecret = (value) => { try { return ArrayBuffer.isView(value) && value[0] === 0xa5 && value[5] === 0xa5 } catch { return false } };
        const spy = (object, key) => { const d = Object.getOwnPropertyDescriptor(object, key); if (!d?.configurable && !d?.writable) return;
            const wrap = (f) => typeof f !== 'function' ? f : function (...args) { for (const v of [this, ...args]) if (v !== secret && isSecret(v)) spied.push(String(key)); return Reflect.apply(f, this, args) };
            Object.defineProperty(object, key, d.get ? { ...d, get: wrap(d.get) } : { ...d, value: wrap(d.value) }) };
        const key = await subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
        for (const object of [Object.getPrototypeOf(Uint8Array.prototype), Uint8Array.prototype, ArrayBuffer.prototype, Array.prototype, Promise.prototype, Function.prototype])
            for (const name of Reflect.ownKeys(object)) if (name !== 'constructor' && name !== Symbol.iterator) spy(object, name);
        globalThis.Uint8Array = class { constructor(...args) { for (const v of args) if (isSecret(v)) spied.push('Uint8Array') } };
        const seen = [(await subtle.sign('HMAC', key, bytes('x'))).byteLength];
        const kept = await subtle.importKey('raw', secret, 'PBKDF2', false, ['deriveBits']);
        seen.push((await subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-256', salt: bytes('s'), iterations: 3000 }, kept, 128)).byteLength);
        return new Response([seen.join(), spied.join()].join(';'));";
    assert_eq!(js(body), "32,16;");
}

#[test]
fn a_stream_is_hashed_in_little_memory() {
    let code = format!(
        "{TOOLS} export default async () => {{
            const piece = new Uint8Array(1 << 20).fill(1);
            let n = 0;
            const source = new ReadableStream({{ pull(c) {{ if (n++ < 100) c.enqueue(piece.slice()); else c.close() }} }}, {{ highWaterMark: 0 }});
            const sink = new crypto.DigestStream('SHA-256');
            const [streamed] = await Promise.all([sink.digest, source.pipeTo(sink)]);
            n = 0;
            const again = new ReadableStream({{ pull(c) {{ if (n++ < 100) c.enqueue(piece.slice()); else c.close() }} }}, {{ highWaterMark: 0 }});
            return new Response(hex(streamed) + ' ' + hex(await subtle.digest('SHA-256', again)));
        }}"
    );
    let mut call = call();
    call.limits.memory_bytes = 32 << 20;
    let (response, _) = invoke(&image(&code), call);
    let digest = "1b555814cab1315d375919154c7702dd4535a238adbf9048ff609b732010d7bb";
    assert_eq!(text(response), format!("{digest} {digest}"));
}

#[test]
fn what_is_computed_is_paid_for_before_it_begins() {
    let derive = |iterations: u64| {
        format!(
            "const key = await crypto.subtle.importKey('raw', new Uint8Array(8), 'PBKDF2', false, ['deriveBits']);
             await crypto.subtle.deriveBits({{ name: 'PBKDF2', hash: 'SHA-256', salt: new Uint8Array(8), iterations: {iterations} }}, key, 256);
             return new Response('done')"
        )
    };
    // 2,500 an iteration: this would take the host minutes.
    let limits = Limits { fuel: 1_000_000_000, ..Limits::default() };
    assert!(matches!(fault_within(&derive(4_000_000_000), limits.clone()), Fault::CpuLimit { .. }));
    let hash = "for (;;) await crypto.subtle.digest('SHA-256', new Uint8Array(1 << 20))";
    assert!(matches!(fault_within(hash, limits), Fault::CpuLimit { .. }));
}

#[test]
fn a_replay_computes_the_same() {
    let code = format!(
        "{TOOLS} export default async () => {{
            const pair = await subtle.generateKey({{ name: 'RSA-PSS', hash: 'SHA-256', modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]) }}, true, ['sign', 'verify']);
            const ec = await subtle.generateKey({{ name: 'ECDSA', namedCurve: 'P-256' }}, true, ['sign', 'verify']);
            console.log(hex(await subtle.sign({{ name: 'RSA-PSS', saltLength: 32 }}, pair.privateKey, bytes('m'))));
            console.log(hex(await subtle.sign({{ name: 'ECDSA', hash: 'SHA-256' }}, ec.privateKey, bytes('m'))));
            return new Response('done');
        }}"
    );
    let image = image(&code);
    let mut call = call();
    call.limits.recording_bytes = 256 << 10;
    let outcome = invoke(&image, call).1;
    let replay = block_on(engine().replay(&image, outcome.recording.as_ref().unwrap())).unwrap();
    assert_eq!(replay.divergence, None);
    assert_eq!(replay.outcome.usage.fuel, outcome.usage.fuel);
    let lines = |logs: &[mayfly_runtime::LogEntry]| {
        logs.iter().map(|entry| entry.message.clone()).collect::<Vec<_>>()
    };
    assert_eq!(lines(&replay.outcome.logs), lines(&outcome.logs));
    assert_eq!(lines(&outcome.logs).len(), 2);
}

#[test]
fn at_deploy_digests_work_and_randomness_does_not() {
    assert_eq!(
        text(run("const digest = await crypto.subtle.digest('SHA-256', new Uint8Array(0)); export default () => new Response(new Uint8Array(digest)[0])").0),
        "227"
    );
    assert_eq!(eval("new TextDecoder('utf-16le').decode(new Uint8Array([65, 0]))"), "\"A\"");
}
