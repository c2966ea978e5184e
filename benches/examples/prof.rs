use mayfly_benches::*;
fn main() {
    let ex = executor();
    let mut c = mayfly_runtime::EngineConfig::new(cache_dir());
    c.slots = 1;
    let en = ex.block_on(mayfly_runtime::Engine::new(c)).unwrap();
    let img = image(&ex, &en, HELLO);
    let heavy = image(
        &ex,
        &en,
        "export default () => new Response(JSON.stringify(Array.from({ length: 4000 }, (_, i) => ({ i, s: 'x'.repeat(40) }))).slice(0, 9))",
    );
    let n: usize = std::env::var("N").ok().and_then(|v| v.parse().ok()).unwrap_or(20000);
    let run = |img: &mayfly_runtime::Image, n: usize| {
        let mut t = vec![];
        for _ in 0..n {
            let s = std::time::Instant::now();
            let (_r, _o) = ex.block_on(invoke(&en, img, call()));
            t.push(s.elapsed());
        }
        t.sort();
        t[n / 2]
    };
    println!("inst {:?}", {
        let mut t = vec![];
        for _ in 0..n {
            let s = std::time::Instant::now();
            ex.block_on(en.instantiate_only(&img)).unwrap();
            t.push(s.elapsed());
        }
        t.sort();
        t[n / 2]
    });
    println!("clean {:?}", run(&img, n));
    println!("heavy {:?}", run(&heavy, 8));
    println!("after {:?}", run(&img, n));
}
