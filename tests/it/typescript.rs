//! What authors' editors see, before the real compiler: the sandbox's own library, rows of an app's tables, and the pages' examples.

mod library;
mod pages;
mod rows;
