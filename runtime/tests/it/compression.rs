//! Compression streams: round trips, what others compressed, and bombs.

use mayfly_runtime::{Fault, Limits};

use crate::support::{call, fault_within, image, invoke, run, text};

const TOOLS: &str = r"
    const through = async (stream, ...pieces) => {
        const writer = stream.writable.getWriter();
        const writing = (async () => { for (const piece of pieces) await writer.write(piece); await writer.close() })();
        writing.catch(() => {});
        const out = [];
        for await (const piece of stream.readable) out.push(piece);
        const all = new Uint8Array(out.reduce((sum, piece) => sum + piece.length, 0));
        let at = 0;
        for (const piece of out) { all.set(piece, at); at += piece.length }
        return all;
    };
    const name = async (promise) => { try { await promise; return 'fine' } catch (e) { return e.name } };";

fn js(body: &str) -> String {
    text(run(&format!("{TOOLS} export default async () => {{ {body} }}")).0)
}

#[test]
fn what_was_compressed_comes_back() {
    let body = r"
        const seen = [];
        const data = new Uint8Array(300_000).map((_, i) => i * i >> 5);
        for (const format of ['gzip', 'deflate', 'deflate-raw']) {
            const small = await through(new CompressionStream(format), data.subarray(0, 100_001), data.subarray(100_001));
            const back = await through(new DecompressionStream(format), ...[...Array(10).keys()].map(i => small.subarray(i * small.length / 10, (i + 1) * small.length / 10)));
            seen.push(small.length < data.length, back.length === data.length && back.every((byte, i) => byte === data[i]));
        }
        return new Response(seen.join())";
    assert_eq!(js(body), "true,true,true,true,true,true");
}

#[test]
fn what_others_compressed_is_read() {
    // Node's `zlib.gzipSync('mayfly')`, in two pieces.
    let body = r"
        const gz = Uint8Array.fromBase64('H4sIAAAAAAAAA8tNrEzLqQQAbVYGGwYAAAA=');
        return new Response(await through(new DecompressionStream('gzip'), gz.subarray(0, 7), gz.subarray(7)))";
    assert_eq!(js(body), "mayfly");
}

#[test]
fn what_is_corrupt_cut_short_or_too_long_is_an_error() {
    let body = r"
        const small = await through(new CompressionStream('gzip'), new Uint8Array(1000));
        const read = (...pieces) => name(through(new DecompressionStream('gzip'), ...pieces));
        const broken = small.slice(); broken[12] ^= 0xff;
        return new Response([await read(small), await read(small.subarray(0, -1)), await read(broken), await read(small, new Uint8Array(1)), await read()].join())";
    assert_eq!(js(body), "fine,TypeError,TypeError,TypeError,TypeError");
    assert_eq!(
        js("try { new CompressionStream('br') } catch (e) { return new Response(e.name) }"),
        "TypeError"
    );
}

/// 64 MiB of nothing in 64 KiB, which expands while it is read.
const BOMB: &str = r"
    const zeroes = new Uint8Array(1 << 20);
    const bomb = await through(new CompressionStream('gzip'), ...Array(64).fill(zeroes));
    const stream = new DecompressionStream('gzip');
    const writer = stream.writable.getWriter();
    writer.write(bomb).catch(() => {}); writer.close().catch(() => {});";

#[test]
fn a_bomb_that_is_read_piece_by_piece_takes_little_memory() {
    let code = format!(
        "{TOOLS} export default async () => {{ {BOMB}
            let total = 0;
            for await (const piece of stream.readable) total += piece.length;
            return new Response(`${{bomb.length < 100_000}} ${{total >> 20}}`);
        }}"
    );
    let mut call = call();
    call.limits.memory_bytes = 16 << 20;
    assert_eq!(text(invoke(&image(&code), call).0), "true 64");
}

#[test]
fn a_bomb_that_is_kept_meets_the_memory_limit() {
    let limits = Limits { memory_bytes: 32 << 20, ..Limits::default() };
    let body = format!(
        "{TOOLS} {BOMB} const kept = []; for await (const piece of stream.readable) kept.push(piece); return new Response('kept')"
    );
    assert!(matches!(fault_within(&body, limits), Fault::MemoryLimit { .. }));
}

#[test]
fn what_is_under_way_on_the_host_is_bounded() {
    // 16 MiB of 320 KiB each.
    let body = r"
        const open = []; let refused = null;
        while (refused === null && open.length < 100) {
            const stream = new CompressionStream('gzip');
            const reader = stream.readable.getReader();
            reader.read().catch(e => { refused = e.name });
            await stream.writable.getWriter().write(new Uint8Array(1)).catch(() => {});
            open.push(stream);
        }
        return new Response(`${open.length - 1} ${refused}`)";
    assert_eq!(js(body), "51 QuotaExceededError");
}
