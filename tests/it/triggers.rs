//! Triggers: what starts functions beside calls of their URLs.

mod websocket;
