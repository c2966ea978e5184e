//! `ToolAction`: one thing that a tool does, which is a row of the route table.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use mayfly_api::routes::RouteId;

use crate::schemas::{self, ToolParameter};

/// The parameters of actions, by route and name.
type Made = HashMap<(RouteId, &'static str), Arc<[ToolParameter]>>;

/// One thing that a tool does.
#[derive(Debug)]
pub(crate) struct ToolAction {
    pub(crate) name: &'static str,
    pub(crate) route: RouteId,
    /// Members of the route that are no parameters.
    pub(crate) hidden: &'static [&'static str],
    /// Members that are called otherwise: the parameter, the member.
    pub(crate) renamed: &'static [(&'static str, &'static str)],
    /// The parameters are the members of this member.
    pub(crate) within: Option<&'static str>,
    /// A member that is always true.
    pub(crate) always: Option<&'static str>,
}

impl ToolAction {
    /// One whose parameters are the route's members.
    pub(crate) const fn new(name: &'static str, route: RouteId) -> Self {
        Self { name, route, hidden: &[], renamed: &[], within: None, always: None }
    }

    pub(crate) const fn hiding(mut self, hidden: &'static [&'static str]) -> Self {
        self.hidden = hidden;
        self
    }

    pub(crate) const fn renaming(mut self, renamed: &'static [(&'static str, &'static str)]) -> Self {
        self.renamed = renamed;
        self
    }

    pub(crate) const fn within(mut self, member: &'static str) -> Self {
        self.within = Some(member);
        self
    }

    pub(crate) const fn always(mut self, member: &'static str) -> Self {
        self.always = Some(member);
        self
    }

    /// Its parameters beside those of the path, by the names that agents use. They are made once.
    pub(crate) fn members(&self) -> Arc<[ToolParameter]> {
        static MADE: LazyLock<Mutex<Made>> = LazyLock::new(Mutex::default);
        let key = (self.route, self.name);
        let lock = || MADE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = lock().get(&key) {
            return Arc::clone(made);
        }
        let members: Arc<[ToolParameter]> = self.make_members().into();
        lock().insert(key, Arc::clone(&members));
        members
    }

    /// Whether the request has a body.
    pub(crate) fn has_body(&self) -> bool {
        static MADE: LazyLock<Mutex<HashMap<RouteId, bool>>> = LazyLock::new(Mutex::default);
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        self.within.is_some()
            || *made
                .entry(self.route)
                .or_insert_with(|| !schemas::body_members(self.route.route()).is_empty())
    }

    fn make_members(&self) -> Vec<ToolParameter> {
        let route = self.route.route();
        let mut members = match self.within {
            Some(name) => schemas::members_within(route, name),
            None => schemas::body_members(route),
        };
        members.extend(schemas::query_members(route));
        members.retain(|member| !self.hidden.contains(&member.name.as_str()));
        for member in &mut members {
            if let Some((parameter, _)) = self.renamed.iter().find(|(_, renamed)| *renamed == member.name) {
                member.name = (*parameter).to_owned();
            }
        }
        members
    }
}
