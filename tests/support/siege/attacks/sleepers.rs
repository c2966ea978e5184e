//! Apps whose functions hold all sandboxes of the node, and do nothing.

use std::sync::Arc;

use super::{Attack, Field, call_at_once};

pub(super) const ATTACK: Attack = Attack {
    name: "sleepers",
    does: "lets functions of three apps sleep in all the sandboxes that they get",
    run: |field| Box::pin(run(field)),
};

const CODE: &str = "export default async () => {
    await new Promise((done) => setTimeout(done, 3000));
    return new Response('slept');
}";

async fn run(field: Arc<Field>) {
    let apps = [field.attacker().await, field.attacker().await, field.attacker().await];
    for app in &apps {
        app.deploy("sleeps", CODE).await;
    }
    let [one, two, three] = &apps;
    tokio::join!(
        call_at_once(one, "sleeps", 40),
        call_at_once(two, "sleeps", 40),
        call_at_once(three, "sleeps", 40)
    );
}
