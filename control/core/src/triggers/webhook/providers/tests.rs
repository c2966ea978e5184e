//! Published test vectors, and what each provider's check refuses.

use super::*;

const AT: i64 = 1_700_000_000;

/// A delivery as a test writes it.
struct Sent {
    provider: WebhookProvider,
    secrets: Vec<&'static str>,
    headers: Vec<(&'static str, String)>,
    url: &'static str,
    body: Vec<u8>,
    now: i64,
    signature_header: Option<&'static str>,
}

impl Sent {
    fn new(provider: WebhookProvider, secret: &'static str, now: i64, body: &str) -> Self {
        let body = body.as_bytes().to_vec();
        let url = "https://api.example/v1/app_0123456789ab/webhook/hello";
        Self { provider, secrets: vec![secret], headers: Vec::new(), url, body, now, signature_header: None }
    }

    fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    fn headers(&self) -> Vec<(String, String)> {
        self.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    fn check(&self) -> Result<(), SignatureFault> {
        let headers = self.headers();
        let delivery = Unverified { headers: &headers, url: self.url, body: &self.body };
        let secrets: Vec<_> =
            self.secrets.iter().map(|text| parse_secret(self.provider, text).unwrap()).collect();
        let terms = InvocationTerms {
            now: self.now,
            tolerance_seconds: 300,
            signature_header: self.signature_header,
        };
        verify(self.provider, &delivery, &secrets, &terms)
    }

    fn id(&self) -> Option<String> {
        let headers = self.headers();
        id(self.provider, &Unverified { headers: &headers, url: self.url, body: &self.body }, None)
    }

    /// Good as it is, and refused with any of its parts changed.
    fn holds(mut self) {
        assert_eq!(self.check(), Ok(()));
        let provider = self.provider;
        let is_signed = provider != WebhookProvider::Telegram;
        for at in 0..self.body.len() {
            self.body[at] ^= 1;
            assert_eq!(self.check().is_ok(), !is_signed, "{provider}: byte {at} of the body is changed");
            self.body[at] ^= 1;
        }
        self.body.push(b' ');
        assert_eq!(self.check().is_ok(), !is_signed, "{provider}: a byte more");
        self.body.pop();
        for place in 0..self.headers.len() {
            let (name, value) = self.headers.remove(place);
            assert_eq!(self.check(), Err(SignatureFault::Missing(name.to_owned())), "{provider}");
            self.headers.push((name, value.clone()));
            self.headers.push((name, value.clone()));
            assert_eq!(self.check(), Err(SignatureFault::Repeated(name.to_owned())), "{provider}");
            self.headers.truncate(self.headers.len() - 2);
            for wrong in ["", "x", "=", ",", "v1,", "v0=zz", "t=,v1=", "sha256=", "\u{e9}", "t=1,t=1,v1=00"] {
                self.headers.insert(place, (name, wrong.to_owned()));
                assert!(self.check().is_err(), "{provider}: {name}: {wrong}");
                self.headers.remove(place);
            }
            self.headers.insert(place, (name, value));
        }
        self.secrets = vec![match provider {
            WebhookProvider::Discord => "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511b",
            WebhookProvider::Standard => "whsec_AAAA",
            _ => "another",
        }];
        assert_eq!(self.check(), Err(SignatureFault::Mismatch), "{provider}: another secret");
        self.secrets = Vec::new();
        assert_eq!(self.check(), Err(SignatureFault::Mismatch), "{provider}: no secret");
    }

    /// Its time is held to the tolerance, both ways.
    fn ages(mut self) {
        let signed_at = self.now;
        for (apart, fits) in [(-300, true), (300, true), (-301, false), (301, false), (86_400, false)] {
            self.now = signed_at + apart;
            let expected = if fits { Ok(()) } else { Err(SignatureFault::Time(apart.unsigned_abs())) };
            assert_eq!(self.check(), expected, "{}: {apart}", self.provider);
        }
    }
}

fn stripe() -> Sent {
    Sent::new(WebhookProvider::Stripe, "whsec_test_secret", AT, r#"{"id":"evt_1","object":"event"}"#)
        .header("stripe-signature", &format!("t={AT},v1={STRIPE_V1}"))
}

/// What Stripe's own library makes of it (`tests/it/webhook_sdks.rs` compares with the library itself).
const STRIPE_V1: &str = "0c8670ed117751cc551a20e35839447075c42800ea3cf3e8a2fbda99cd1e6edd";

#[test]
fn stripe_signs_time_and_body() {
    stripe().holds();
    stripe().ages();
    assert_eq!(stripe().id().as_deref(), Some("evt_1"));
    let mut rotated = stripe();
    rotated.secrets = vec!["whsec_new", "whsec_test_secret"];
    assert_eq!(rotated.check(), Ok(()), "one of several secrets");
    let mut several = stripe();
    several.headers[0].1 = format!("t={AT},v1={},v1=zz,v0=00,v1={STRIPE_V1}", "0".repeat(64));
    assert_eq!(several.check(), Ok(()), "one of several signatures, the last");
    several.headers[0].1 = format!("t={AT},v0={STRIPE_V1}");
    assert!(several.check().is_err(), "another scheme's");
    several.headers[0].1 = format!("t={AT}{},v1={STRIPE_V1}", ",v1=00".repeat(16));
    assert_eq!(several.check(), Err(SignatureFault::Mismatch), "only the first 16 are looked at");
}

#[test]
fn github_signs_the_body() {
    let sent = || {
        Sent::new(WebhookProvider::Github, "It's a Secret to Everybody", AT, "Hello, World!").header(
            "x-hub-signature-256",
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        )
    };
    sent().holds();
    assert_eq!(sent().id(), None);
    let id = "72d3162e-cc78-11e3-81ab-4c9367dc0958";
    assert_eq!(sent().header("x-github-delivery", id).id().as_deref(), Some(id));
}

#[test]
fn slack_signs_time_and_body() {
    const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let sent = |body: &str| {
        Sent::new(WebhookProvider::Slack, "8f742231b10e8888abcd99yyyzzz85a5", 1_531_420_618, body)
            .header("x-slack-request-timestamp", "1531420618")
            .header(
                "x-slack-signature",
                "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
            )
    };
    sent(BODY).holds();
    sent(BODY).ages();
    let command = "398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    assert_eq!(sent(BODY).id().as_deref(), Some(command));
    assert_eq!(sent(r#"{"event_id":"Ev08MFMKH6"}"#).id().as_deref(), Some("Ev08MFMKH6"));
    assert!(sent("payload=%7B%7D").id().unwrap().starts_with("v0=a2114d57"), "its signature names it");
    let asked = answer(WebhookProvider::Slack, br#"{"type":"url_verification","challenge":"3eZb"}"#).unwrap();
    assert_eq!((asked.status, asked.body), (200, Some(serde_json::json!({ "challenge": "3eZb" }))));
    assert_eq!(answer(WebhookProvider::Slack, br#"{"type":"event_callback","challenge":"x"}"#), None);
}

#[test]
fn twilio_signs_the_url_and_the_form() {
    const URL: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";
    let sent = |url: &'static str, body: &str, signature: &str| {
        let sent = Sent::new(WebhookProvider::Twilio, "12345", AT, body);
        Sent { url, ..sent.header("x-twilio-signature", signature) }
    };
    let form =
        "Digits=1234&CallSid=CA1234567890ABCDE&To=%2B18005551212&Caller=%2B14158675309&From=%2B14158675309";
    assert_eq!(sent(URL, form, "RSOYDt4T1cUTdK1PDd93/VVr8B8=").check(), Ok(()));
    for url in
        ["http://mycompany.com/myapp.php?foo=1&bar=2", "https://mycompany.com:443/myapp.php?foo=1&bar=2"]
    {
        assert_eq!(sent(url, form, "RSOYDt4T1cUTdK1PDd93/VVr8B8=").check(), Ok(()), "{url}");
    }
    for url in ["https://mycompany.com/myapp.php?foo=1&bar=3", "https://other.com/myapp.php?foo=1&bar=2"] {
        let refused = sent(url, form, "RSOYDt4T1cUTdK1PDd93/VVr8B8=").check();
        assert_eq!(refused, Err(SignatureFault::Mismatch), "{url}");
    }
    let twice = "Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234";
    assert_eq!(
        sent(URL, twice, "IK+Dwps556ElfBT0I3Rgjkr1wJU=").check(),
        Ok(()),
        "a field that is there twice"
    );
    let changed = sent(URL, "Sid=CA123&SidAccount=AC123&Digits=5678", "IK+Dwps556ElfBT0I3Rgjkr1wJU=");
    assert_eq!(changed.check(), Err(SignatureFault::Mismatch));
    const WITH_DIGEST: &str = "https://mycompany.com/myapp.php?foo=1&bar=2&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620";
    sent(WITH_DIGEST, r#"{"property": "value", "boolean": true}"#, "a9nBmqA0ju/hNViExpshrM61xv4=").holds();
}

#[test]
fn discord_signs_with_a_key_of_its_own() {
    // The key pair of RFC 8032's second example.
    let seed = hex::decode("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb").unwrap();
    let pair = ring::signature::Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
    let body = r#"{"id":"1106","type":2,"data":{}}"#;
    let signature = hex::encode(pair.sign(format!("{AT}{body}").as_bytes()));
    let sent = || {
        let key = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
        Sent::new(WebhookProvider::Discord, key, AT, body)
            .header("x-signature-ed25519", &signature)
            .header("x-signature-timestamp", &AT.to_string())
    };
    sent().holds();
    sent().ages();
    assert_eq!(sent().id().as_deref(), Some("1106"));
    let discord = |body: &str| answer(WebhookProvider::Discord, body.as_bytes()).map(|answer| answer.status);
    assert_eq!(discord(r#"{"type":1,"version":1}"#), Some(200));
    assert_eq!(discord(r#"{"type":0,"version":1}"#), Some(204));
    assert_eq!(discord(r#"{"type":1,"version":1,"event":{"type":"X"}}"#), None, "an event, not a PING");
    assert_eq!(discord(r#"{"type":2}"#), None);
}

#[test]
fn telegram_shows_a_token() {
    let sent = || {
        Sent::new(WebhookProvider::Telegram, "a_Token-1", AT, r#"{"update_id":10000}"#)
            .header("x-telegram-bot-api-secret-token", "a_Token-1")
    };
    sent().holds();
    assert_eq!(sent().id().as_deref(), Some("10000"));
}

#[test]
fn shopify_signs_the_body_in_base64() {
    let sent = || {
        Sent::new(WebhookProvider::Shopify, "hush", AT, r#"{"id":1}"#)
            .header("x-shopify-hmac-sha256", "VnKUjZsLuN5iZWjn5EntcBVCF9kMN43LglzCE1/GSeY=")
    };
    sent().holds();
    assert_eq!(sent().header("x-shopify-webhook-id", "b54557e4").id().as_deref(), Some("b54557e4"));
}

#[test]
fn standard_webhooks_and_svix_sign_id_time_and_body() {
    let sent = |names: [&'static str; 3]| {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        Sent::new(WebhookProvider::Standard, secret, 1_614_265_330, r#"{"test": 2432232314}"#)
            .header(names[0], "msg_p5jXN8AQM9LWM0D4loKWxJek")
            .header(names[1], "1614265330")
            .header(names[2], "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    };
    let standard = || sent(["webhook-id", "webhook-timestamp", "webhook-signature"]);
    standard().holds();
    standard().ages();
    assert_eq!(standard().id().as_deref(), Some("msg_p5jXN8AQM9LWM0D4loKWxJek"));
    let svix = || sent(["svix-id", "svix-timestamp", "svix-signature"]);
    assert_eq!(svix().check(), Ok(()));
    assert_eq!(svix().id().as_deref(), Some("msg_p5jXN8AQM9LWM0D4loKWxJek"));
    let mut several = standard();
    several.headers[2].1 =
        format!("v1,AAAA v2,g0hM v1a,AAAA v1,!! {}", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    assert_eq!(several.check(), Ok(()), "one of several signatures, the last");
    several.headers[2].1 = "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=".to_owned();
    assert!(several.check().is_err(), "of another version");
    // Svix's own example.
    let documented = Sent::new(
        WebhookProvider::Standard,
        "whsec_plJ3nmyCDGBKInavdOK15jsl",
        1_731_705_121,
        r#"{"event_type":"ping","data":{"success":true}}"#,
    )
    .header("svix-id", "msg_loFOjxBNrRLzqYUf")
    .header("svix-timestamp", "1731705121")
    .header("svix-signature", "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=");
    assert_eq!(documented.check(), Ok(()));
}

#[test]
fn standard_webhooks_may_be_signed_by_a_key() {
    use ring::signature::KeyPair as _;
    let pair = ring::signature::Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let key = format!("whpk_{}", STANDARD.encode(pair.public_key().as_ref()));
    let signature = STANDARD.encode(pair.sign(format!("msg_1.{AT}.{{}}").as_bytes()));
    let sent = Sent::new(WebhookProvider::Standard, key.leak(), AT, "{}")
        .header("webhook-id", "msg_1")
        .header("webhook-timestamp", &AT.to_string())
        .header("webhook-signature", &format!("v1a,{signature}"));
    sent.holds();
}

#[test]
fn a_sender_of_its_own_names_its_header() {
    let hex = "5672948d9b0bb8de626568e7e449ed70154217d90c378dcb825cc2135fc649e6";
    let sent = |name: &'static str, value: &str| {
        Sent::new(WebhookProvider::Custom, "hush", AT, r#"{"id":1}"#).header(name, value)
    };
    sent("x-signature", hex).holds();
    assert_eq!(sent("x-signature", &format!("sha256={hex}")).check(), Ok(()));
    let mut named = sent("x-mine", hex);
    named.signature_header = Some("x-mine");
    named.holds();
}

/// Bodies whose bytes a reader of JSON or text would change.
#[test]
fn bodies_are_signed_as_they_arrive() {
    let bodies: [&[u8]; 12] = [
        b"{\"a\": 1}",
        b"{\"a\":1.0}",
        b"{\"a\":1e3}",
        b"{\"b\":1,\"a\":2}",
        b"{\"a\":1,\"a\":2}",
        b"{\"a\":\"\\u00e9\"}",
        "{\"a\":\"\u{e9}\"}".as_bytes(),
        b"{\"a\":12345678901234567890}",
        b"{\"a\":1}\r\n",
        b"\xef\xbb\xbf{\"a\":1}",
        b"\xff\xfe{",
        b"",
    ];
    for body in bodies {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"hush");
        let signature = format!("sha256={}", hex::encode(ring::hmac::sign(&key, body)));
        let mut sent =
            Sent::new(WebhookProvider::Github, "hush", AT, "").header("x-hub-signature-256", &signature);
        sent.body = body.to_vec();
        assert_eq!(sent.check(), Ok(()), "{}", String::from_utf8_lossy(body));
    }
}

proptest::proptest! {
    /// Whatever is in headers, URL and body: nothing of it is good, and nothing panics.
    #[test]
    fn nonsense_is_refused(
        place in 0..WebhookProvider::ALL.len(),
        values in proptest::collection::vec("[ -~\u{e9}]{0,80}|(t=[0-9]{0,13},)?v1=[0-9a-f]{0,66}|v1a?,[A-Za-z0-9+/=]{0,90}|[0-9]{10}", 12),
        url in "https?://[a-z.:0-9\\[\\]]{0,20}(/[ -~]{0,40})?|[ -~]{0,40}",
        body in proptest::collection::vec(proptest::num::u8::ANY, 0..200),
    ) {
        const NAMES: [&str; 12] = [
            "stripe-signature", "x-hub-signature-256", "x-slack-signature", "x-slack-request-timestamp",
            "x-twilio-signature", "x-signature-ed25519", "x-signature-timestamp", "x-telegram-bot-api-secret-token",
            "x-shopify-hmac-sha256", "webhook-id", "webhook-timestamp", "webhook-signature",
        ];
        let provider = WebhookProvider::ALL[place];
        let headers: Vec<_> =
            NAMES.iter().zip(values).map(|(name, value)| ((*name).to_owned(), value)).collect();
        let delivery = Unverified { headers: &headers, url: &url, body: &body };
        let secrets = [
            WebhookSecret::Shared(Zeroizing::new(b"a secret that is not guessed".to_vec())),
            WebhookSecret::Ed25519([9; 32]),
        ];
        let terms = InvocationTerms { now: AT, tolerance_seconds: 300, signature_header: None };
        proptest::prop_assert!(verify(provider, &delivery, &secrets, &terms).is_err());
        let id = id(provider, &delivery, None);
        proptest::prop_assert!(id.is_none_or(|id| (1..=255).contains(&id.len()) && id.is_ascii()));
        let _ = answer(provider, &body);
    }
}

#[test]
fn ids_are_bounded() {
    let sent = |id: &str| stripe_id(&serde_json::json!({ "id": id }).to_string());
    assert_eq!(sent(&"e".repeat(255)), Some("e".repeat(255)));
    assert!(sent(&"e".repeat(256)).unwrap().starts_with("sha256:"));
    assert!(sent("a\0b").unwrap().starts_with("sha256:"), "PostgreSQL stores no NUL");
    assert_eq!(
        (sent(""), stripe_id("{}"), stripe_id("[]"), stripe_id("{\"id\":1}")),
        (None, None, None, None)
    );
}

fn stripe_id(body: &str) -> Option<String> {
    Sent::new(WebhookProvider::Stripe, "x", AT, body).id()
}

#[test]
fn secrets_have_their_providers_form() {
    for (provider, good, bad) in [
        (WebhookProvider::Discord, "00".repeat(32), "00".repeat(31)),
        (WebhookProvider::Standard, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned(), "whsec_".to_owned()),
        (WebhookProvider::Standard, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned(), "my secret".to_owned()),
        (WebhookProvider::Standard, format!("whpk_{}", STANDARD.encode([1; 32])), "whpk_AAAA".to_owned()),
        (WebhookProvider::Telegram, "a".repeat(256), "a".repeat(257)),
        (WebhookProvider::Telegram, "a_b-C".to_owned(), "a b".to_owned()),
    ] {
        assert!(parse_secret(provider, &good).is_ok(), "{provider}: {good}");
        assert!(parse_secret(provider, &bad).is_err(), "{provider}: {bad}");
    }
}
