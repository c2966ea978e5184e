//! A plan: steps in order, each with its SQL, what it means, and what may go wrong.

use serde::Serialize;

/// What a change has to be agreed to with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Consent {
    /// Where it goes, as a JSON path in the declaration, such as `tables.posts._dropColumns`.
    pub path: String,
    /// What to add there.
    pub add: String,
    /// Why, with both.
    pub message: String,
}

/// What a step would take away for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// The table.
    pub table: String,
    /// The column; none when it is the whole table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// How many rows lose something; none where that cannot be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<i64>,
    /// All of it in words.
    pub message: String,
}

/// What may go wrong with a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Hazard {
    /// Values or rows are lost for good.
    DeletesData,
    /// Values are converted, and some may lose precision.
    ChangesData,
    /// The whole table is rewritten, and cannot be read while that lasts.
    RewritesTable,
    /// The whole table is read.
    ScansTable,
    /// The table can be neither read nor written while the transaction lasts.
    AccessExclusiveLock,
    /// The table cannot be written while the step runs.
    BlocksWrites,
    /// Fails when there are rows that do not fit.
    FailsIfRowsViolate,
    /// Queries that used the index become slow.
    DropsIndex,
    /// A rule for new rows is gone.
    DropsConstraint,
    /// Rows become visible or writable to others than before.
    ChangesAccess,
    /// What the values mean depends on the session's time zone.
    DependsOnTimeZone,
    /// Code that uses the old name breaks.
    BreaksOldName,
    /// Runs outside of the transaction: when it fails, what came before stays.
    OutsideTransaction,
}

impl Hazard {
    /// One sentence.
    pub fn text(self) -> &'static str {
        match self {
            Self::DeletesData => "deletes data",
            Self::ChangesData => "converts values, some may lose precision",
            Self::RewritesTable => "rewrites the table",
            Self::ScansTable => "scans the table",
            Self::AccessExclusiveLock => "locks the table against readers and writers",
            Self::BlocksWrites => "locks the table against writers",
            Self::FailsIfRowsViolate => "fails if rows violate it",
            Self::DropsIndex => "queries that used the index become slower",
            Self::DropsConstraint => "new rows are no longer checked",
            Self::ChangesAccess => "changes who sees or writes which rows",
            Self::DependsOnTimeZone => "depends on the session's time zone",
            Self::BreaksOldName => "code that uses the old name breaks",
            Self::OutsideTransaction => "runs outside of the transaction",
        }
    }
}

/// One statement of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The SQL; exactly one statement.
    pub sql: String,
    /// What it does.
    pub description: String,
    /// Whether something is lost.
    pub destructive: bool,
    /// What may go wrong.
    pub hazards: Vec<Hazard>,
    /// The table that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The column that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// What it has to be agreed to with, and was not yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<Consent>,
    /// Whether it runs after the transaction.
    #[serde(skip)]
    pub outside: bool,
    /// A value for `$1`, as JSON text.
    #[serde(skip)]
    pub parameter: Option<String>,
}

impl Step {
    pub(crate) fn new(sql: String, description: impl Into<String>) -> Self {
        Self { sql, description: description.into(), ..Self::default() }
    }

    pub(crate) fn on(mut self, table: &str) -> Self {
        self.table = Some(table.to_owned());
        self
    }

    pub(crate) fn at(mut self, table: &str, column: &str) -> Self {
        self.column = Some(column.to_owned());
        self.on(table)
    }

    pub(crate) fn with(mut self, hazards: &[Hazard]) -> Self {
        self.hazards.extend_from_slice(hazards);
        self
    }

    pub(crate) fn destroys(mut self) -> Self {
        self.destructive = true;
        self.hazards.insert(0, Hazard::DeletesData);
        self
    }

    pub(crate) fn needs(mut self, consent: Option<Consent>) -> Self {
        self.consent = consent;
        self
    }

    pub(crate) fn outside(mut self) -> Self {
        self.outside = true;
        self.hazards.push(Hazard::OutsideTransaction);
        self
    }
}

/// Everything that has to be done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// In order.
    pub steps: Vec<Step>,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// What has to be agreed to before it may run.
    pub fn consents(&self) -> Vec<Consent> {
        self.steps.iter().filter_map(|step| step.consent.clone()).collect()
    }

    /// The statements as a script.
    pub fn script(&self) -> String {
        self.steps.iter().map(|step| format!("{};\n", step.sql)).collect()
    }
}
