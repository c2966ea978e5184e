//! How long does a deploy of a small function take, in process, from TypeScript to a loaded image?

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use mayfly_benches::{engine, executor, image};

const CODE: &str = "
    interface Greeting { hello: string }
    enum Mood { Good = 'good', Bad = 'bad' }
    export async function handler(req: Request): Promise<Response> {
        const name = new URL(req.url).searchParams.get('name') ?? 'world';
        return Response.json({ hello: name, mood: Mood.Good } satisfies Greeting & { mood: Mood });
    }
";

fn deploy_small(criterion: &mut Criterion) {
    let executor = executor();
    let engine = engine(&executor);
    let mut count = 0u64;
    criterion.bench_function("deploy_small", |bencher| {
        bencher.iter_batched(
            || {
                // A different text each time: an existing image would be reused.
                count += 1;
                format!("{CODE}// {count} {}\nconst unique = {count};", std::process::id())
            },
            |code| image(&executor, &engine, &code),
            BatchSize::PerIteration,
        );
    });
}

criterion_group!(benches, deploy_small);
criterion_main!(benches);
