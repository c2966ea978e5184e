//! Triggers: what starts functions beside calls of their URLs.

mod channels;
mod websocket;
