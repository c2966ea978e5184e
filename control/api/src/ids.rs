//! Makes the identifiers that callers see: a prefix, then a unique part.

use uuid::Uuid;

use mayfly_common::clock;

/// A new id of one invocation. Begins with the time, so that ids sort by it and index pages stay hot.
pub fn invocation_id() -> String {
    timed("inv_")
}

/// A new id of one request.
pub fn request_id() -> String {
    timed("req_")
}

/// A new id of a node, for as long as its process lives.
pub fn node_id() -> String {
    timed("node_")
}

/// A new id of a webhook's delivery.
pub fn delivery_id() -> String {
    timed("whd_")
}

/// A new id of an approval.
pub fn approval_id() -> String {
    timed("apr_")
}

/// A new id of an agent's session.
pub fn session_id() -> String {
    timed("ses_")
}

/// A new id of an open socket.
pub fn socket_id() -> String {
    timed("sock_")
}

/// A new id of stored bytes.
pub fn blob_id() -> String {
    timed("blob_")
}

/// A new mark of a place for stored bytes.
pub fn storage_mark() -> String {
    timed("storage_")
}

/// A new id of one writing of an object.
pub fn object_version_id() -> String {
    timed("obj_")
}

/// A new id of an upload in parts.
pub fn multipart_id() -> String {
    timed("mpu_")
}

/// The id of a queue's job: its number in the app's database.
pub fn job_id(number: i64) -> String {
    format!("job_{number}")
}

/// The number of a job's id; `None` for what is none.
pub fn job_number(id: &str) -> Option<i64> {
    let digits = id.strip_prefix("job_")?;
    let plain = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

fn timed(prefix: &str) -> String {
    let mut bytes = Uuid::new_v4().into_bytes();
    bytes[..6].copy_from_slice(&clock::now_ms().to_be_bytes()[2..]);
    let mut text = String::with_capacity(prefix.len() + 32);
    text.push_str(prefix);
    let mut digits = [0u8; 32];
    // The buffer has exactly the size that 16 bytes need.
    if hex::encode_to_slice(bytes, &mut digits).is_ok() {
        text.extend(digits.iter().map(|digit| char::from(*digit)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jobs_id_leads_back_to_its_number() {
        assert_eq!(job_number(&job_id(42)), Some(42));
        for bad in ["", "job_", "42", "job_-1", "job_+1", "job_01", "job_9223372036854775808", "job_1 "] {
            assert_eq!(job_number(bad), None, "{bad}");
        }
    }

    #[test]
    fn ids_are_different_and_sorted_by_time() {
        let first = invocation_id();
        let second = invocation_id();
        assert_ne!(first, second);
        assert_eq!(first.len(), 36);
        assert!(first[4..14] <= second[4..14]);
    }
}
