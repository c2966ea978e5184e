//! Who sends webhooks: providers by their names.

/// Who signs. Svix has other names for what Standard Webhooks has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    Stripe,
    Github,
    Slack,
    Twilio,
    Discord,
    Telegram,
    Shopify,
    Standard,
    Svix,
    Custom,
}

impl Sender {
    const ALL: [(&'static str, Self); 10] = [
        ("stripe", Self::Stripe),
        ("github", Self::Github),
        ("slack", Self::Slack),
        ("twilio", Self::Twilio),
        ("discord", Self::Discord),
        ("telegram", Self::Telegram),
        ("shopify", Self::Shopify),
        ("standard", Self::Standard),
        ("svix", Self::Svix),
        ("custom", Self::Custom),
    ];

    /// The one of that name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, sender)| *sender)
    }

    /// Their names.
    pub(crate) fn names() -> Vec<&'static str> {
        Self::ALL.iter().map(|(name, _)| *name).collect()
    }
}
