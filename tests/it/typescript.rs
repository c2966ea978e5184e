//! The types for authors, checked by TypeScript's own compiler: the sandbox's library, row types, and the examples of the pages.

mod library;
mod pages;
mod rows;
