//! Row-level security: switches and policies.

use super::Work;
use crate::plan::{Hazard, Step};
use crate::planning::order::Rank;
use crate::planning::render;

pub(super) fn diff(work: &mut Work<'_>) {
    for table in work.common() {
        let (Some(old), Some(new)) = (work.current.tables.get(&table), work.target.tables.get(&table)) else {
            continue;
        };
        let (old, new) = (old.rls.clone(), new.rls.clone());
        for (name, policy) in &old.policies {
            if new.policies.get(name) != Some(policy) {
                work.drop_policy(&table, name);
            }
        }
        switch(work, &table, old.enabled, new.enabled, "ENABLE", "DISABLE");
        switch(work, &table, old.forced, new.forced, "FORCE", "NO FORCE");
        for (name, policy) in &new.policies {
            if old.policies.get(name) != Some(policy) {
                let step = Step::new(
                    render::policy(&table, name, policy),
                    format!("create policy {name:?} on {table:?}"),
                );
                work.push(Rank::CreatePolicy, step.on(&table).with(&[Hazard::ChangesAccess]));
            }
        }
    }
}

fn switch(work: &mut Work<'_>, table: &str, was: bool, is: bool, on: &str, off: &str) {
    if was == is {
        return;
    }
    let word = if is { on } else { off };
    let sql = render::alter(table, &format!("{word} ROW LEVEL SECURITY"));
    let step = Step::new(sql, format!("{} row-level security of {table:?}", word.to_lowercase()));
    work.push(Rank::Rls, step.on(table).with(&[Hazard::ChangesAccess, Hazard::AccessExclusiveLock]));
}
