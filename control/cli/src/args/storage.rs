//! Flags of `mayfly storage`.

use std::path::PathBuf;

use clap::Subcommand;

/// Verbs of storage. An object is named BUCKET/KEY.
#[derive(Debug, Subcommand)]
pub enum StorageVerb {
    /// What the app stores, and the endpoint for clients of S3
    Show,
    /// Upload a file; functions that ask for it start
    Put {
        /// The file
        file: PathBuf,
        /// BUCKET/KEY; a key that ends with a slash gets the file's name
        object: String,
        /// Its content type [default: by the file's ending]
        #[arg(long)]
        content_type: Option<String>,
    },
    /// Download an object, to a file or to stdout
    Get {
        /// BUCKET/KEY
        object: String,
        /// The file
        file: Option<PathBuf>,
    },
    /// Objects of a bucket by key
    List {
        /// BUCKET or BUCKET/PREFIX
        place: String,
        /// Folders as one line each
        #[arg(long)]
        folders: bool,
        /// How many
        #[arg(long, default_value_t = 1_000)]
        limit: u32,
        /// Where the page before ended
        #[arg(long)]
        cursor: Option<String>,
    },
    /// Delete an object
    Delete {
        /// BUCKET/KEY
        object: String,
    },
    /// A URL with which an object is read or written without a key
    Presign {
        /// BUCKET/KEY
        object: String,
        /// GET, PUT, HEAD or DELETE
        #[arg(long, default_value = "GET")]
        method: String,
        /// For how many seconds
        #[arg(long, default_value_t = 3_600)]
        expires: u32,
        /// The content type that a PUT has to have
        #[arg(long)]
        content_type: Option<String>,
    },
    /// Buckets
    #[command(subcommand)]
    Buckets(BucketVerb),
    /// Access keys of the S3 endpoint
    #[command(subcommand)]
    Keys(StorageKeyVerb),
    /// The objects that fired a function's upload trigger, and what became of each
    Uploads {
        /// The function
        name: String,
        /// How many
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Run an upload event that has ended once more
    Replay {
        /// The function
        name: String,
        /// upl_...
        id: String,
    },
}

/// Verbs of buckets.
#[derive(Debug, Subcommand)]
pub enum BucketVerb {
    /// All of them
    List,
    /// Make one
    Create {
        /// Its name
        name: String,
    },
    /// Delete one that is empty
    Delete {
        /// Its name
        name: String,
    },
}

/// Verbs of access keys.
#[derive(Debug, Subcommand)]
pub enum StorageKeyVerb {
    /// All of them
    List,
    /// Make one; its secret is shown this once
    Create {
        /// A name to recognise it by
        #[arg(long)]
        name: Option<String>,
        /// It only reads
        #[arg(long)]
        read_only: bool,
    },
    /// Revoke one
    Revoke {
        /// The access key id
        id: String,
    },
}
