//! What is known of a value: a set of kinds that it may be of.

use super::word;

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Kind(u16);

impl Kind {
    pub(super) const NONE: Self = Self(0);
    pub(super) const INT: Self = Self(1);
    pub(super) const FLOAT: Self = Self(2);
    pub(super) const BOOL: Self = Self(4);
    pub(super) const NULL: Self = Self(8);
    pub(super) const UNDEFINED: Self = Self(16);
    /// A variable before its declaration.
    pub(super) const UNINITIALIZED: Self = Self(32);
    pub(super) const STRING: Self = Self(64);
    pub(super) const OBJECT: Self = Self(128);
    /// Symbols, bigints, and what only the engine has.
    pub(super) const OTHER: Self = Self(256);
    /// A place on the stack that says where exceptions are handled.
    pub(super) const CATCH: Self = Self(512);

    pub(super) const NUMBER: Self = Self(Self::INT.0 | Self::FLOAT.0);
    /// What becomes a number, and no bigint, in arithmetic.
    pub(super) const NUMERIC: Self = Self(Self::NUMBER.0 | Self::BOOL.0 | Self::NULL.0 | Self::UNDEFINED.0);
    /// What may have a reference count.
    pub(super) const COUNTED: Self = Self(Self::STRING.0 | Self::OBJECT.0 | Self::OTHER.0);
    /// What code can see.
    pub(super) const ANY: Self = Self(Self::NUMERIC.0 | Self::COUNTED.0);

    /// Whether it is of these kinds only.
    pub(super) fn within(self, others: Self) -> bool {
        self.0 & !others.0 == 0
    }

    /// Whether it may be of one of these kinds.
    pub(super) fn may(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// Of a constant.
    pub(super) fn of(value: u64) -> Self {
        match (value >> 32) as u32 as i32 {
            0 => Self::INT,
            1 => Self::BOOL,
            2 => Self::NULL,
            3 => Self::UNDEFINED,
            4 => Self::UNINITIALIZED,
            5 => Self::CATCH,
            -7 | -6 => Self::STRING,
            -1 => Self::OBJECT,
            _ if (word::FIRST_FLOAT..word::FIRST_COUNTED).contains(&value) => Self::FLOAT,
            _ => Self::OTHER,
        }
    }

    // What operators make of kinds. The analysis and the emitter both ask here, so that they agree.

    /// `-`, `*`, `/`, `%`, `**`: a bigint and a number do not mix, so one side that is none decides.
    pub(super) fn arithmetic(self, other: Self) -> Self {
        if self.within(Self::NUMERIC) || other.within(Self::NUMERIC) { Self::NUMBER } else { Self::ANY }
    }

    /// `+`, and which sides are guessed to be numbers: beside a number that is no constant, what may be one.
    pub(super) fn sum(self, is_constant: bool, other: Self, other_is_constant: bool) -> (Self, [bool; 2]) {
        let is_vague = |kind: Self| kind.may(Self::NUMBER) && !kind.within(Self::NUMERIC);
        let guesses = [
            is_vague(self) && other.within(Self::NUMBER) && !other_is_constant,
            is_vague(other) && self.within(Self::NUMBER) && !is_constant,
        ];
        let kind = if self.within(Self::STRING) || other.within(Self::STRING) {
            Self::STRING
        } else if guesses != [false; 2] || (self.within(Self::NUMERIC) && other.within(Self::NUMERIC)) {
            Self::NUMBER
        } else {
            Self::ANY
        };
        (kind, guesses)
    }

    /// `&`, `|`, `^`, `<<`, `>>`, `~`.
    pub(super) fn bitwise(self, other: Self) -> Self {
        if self.within(Self::NUMERIC) || other.within(Self::NUMERIC) { Self::INT } else { Self::ANY }
    }

    /// `++` and `--`: an int that leaves its range is left to the interpreter.
    pub(super) fn step(self) -> Self {
        if self.within(Self::INT) {
            Self::INT
        } else if self.within(Self::NUMERIC) {
            Self::NUMBER
        } else {
            Self::ANY
        }
    }
}
