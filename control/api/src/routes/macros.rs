//! What the rows of the route table expand to.

/// Rows by resource: `resource: Handlers { Operation = METHOD path, who, limit, query, body => status kind answer, [..]; }`
///
/// `json` rows are endpoints, served by a [`Handler`](crate::endpoint::Handler) of their resource; `special` rows are
/// served by the edge itself, since their answer is no plain JSON, or needs a sandbox.
macro_rules! routes {
    ($($resource:ident: $handlers:ident { $(
        #[doc = $summary:literal]
        $operation:ident = $method:ident $path:literal, $who:ident $(($scope:expr))?, $limit:ident, $query:ty, $body:ty
            => $status:literal $kind:ident $($media:literal)? $answer:ty, [$($code:ident),* $(,)?]
            $(, tool $tool:literal $action:literal)?;
    )* })*) => {
        /// Everything that the server does: one variant a route.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Operation {
            $($(#[doc = $summary] $operation,)*)*
        }

        impl Operation {
            /// Its row in the table.
            pub fn route(self) -> &'static Route {
                &ROUTES[self as usize]
            }
        }

        /// The route table.
        pub static ROUTES: &[Route] = &[$($(
            Route {
                operation: Operation::$operation,
                resource: stringify!($resource),
                name: stringify!($operation),
                summary: $summary.trim_ascii(),
                method: $crate::routes::macros::method!($method),
                path: $path,
                requirement: Requirement::$who $(($scope))?,
                body_limit: BodyLimit::$limit,
                status: $crate::routes::macros::status($status),
                media_type: $crate::routes::macros::media!($($media)?),
                errors: &[$(Code::$code),*],
                tool: $crate::routes::macros::tool!($($tool $action)?),
                query: |generator| generator.subschema_for::<$query>(),
                body: |generator| <$body>::schema(generator),
                answer: |generator| generator.subschema_for::<$answer>(),
            },
        )*)*];

        $($($crate::routes::macros::endpoint! { $kind $operation, $query, $body, $answer, $summary })*)*

        /// What serves the endpoints, resource by resource.
        pub trait Services: Send + Sync {
            $(
                #[doc = concat!("What serves `", stringify!($resource), "`.")]
                type $handlers: $handlers;
            )*
            $(
                #[doc = concat!("What serves `", stringify!($resource), "`.")]
                fn $resource(&self) -> &Self::$handlers;
            )*
        }

        $($crate::routes::macros::handlers! { $resource $handlers [] $($kind $operation)* })*

        /// Serve an endpoint by its operation.
        ///
        /// # Errors
        /// What the request or its handler is wrong with; an internal error for operations that are no endpoints.
        pub async fn dispatch<S: Services>(
            services: &S,
            operation: Operation,
            call: RawCall<'_>,
        ) -> ApiResult<$crate::endpoint::Encoded> {
            match operation {
                $($(Operation::$operation => {
                    $crate::routes::macros::arm! { $kind $operation, services.$resource(), call }
                })*)*
            }
        }
    };
}

macro_rules! method {
    (ANY) => {
        None
    };
    ($method:ident) => {
        Some(Method::$method)
    };
}

macro_rules! media {
    () => {
        "application/json"
    };
    ($media:literal) => {
        $media
    };
}

macro_rules! tool {
    () => {
        None
    };
    ($tool:literal $action:literal) => {
        Some(($tool, $action))
    };
}

macro_rules! endpoint {
    (json $operation:ident, $query:ty, $body:ty, $answer:ty, $summary:literal) => {
        #[doc = $summary]
        #[derive(Debug, Clone, Copy)]
        pub struct $operation;

        impl Endpoint for $operation {
            const OPERATION: Operation = Operation::$operation;
            type Query = $query;
            type Body = $body;
            type Answer = $answer;
        }
    };
    (special $operation:ident, $query:ty, $body:ty, $answer:ty, $summary:literal) => {
        #[doc = $summary]
        #[derive(Debug, Clone, Copy)]
        pub struct $operation;

        impl Endpoint for $operation {
            const OPERATION: Operation = Operation::$operation;
            type Query = $query;
            type Body = $body;
            type Answer = $answer;
        }
    };
}

/// Collects the endpoints of a resource into one trait.
macro_rules! handlers {
    ($resource:ident $handlers:ident [$($endpoint:ident)*] json $operation:ident $($rest:tt)*) => {
        $crate::routes::macros::handlers! { $resource $handlers [$($endpoint)* $operation] $($rest)* }
    };
    ($resource:ident $handlers:ident [$($endpoint:ident)*] special $operation:ident $($rest:tt)*) => {
        $crate::routes::macros::handlers! { $resource $handlers [$($endpoint)*] $($rest)* }
    };
    ($resource:ident $handlers:ident [$($endpoint:ident)*]) => {
        #[doc = concat!("Serves the endpoints of `", stringify!($resource), "`.")]
        pub trait $handlers: Send + Sync $(+ Handler<$endpoint>)* {}

        impl<T: Send + Sync $(+ Handler<$endpoint>)*> $handlers for T {}
    };
}

macro_rules! arm {
    (json $operation:ident, $handler:expr, $call:expr) => {
        // Boxed one by one: a request's future is as large as its own endpoint's, not as the largest one's.
        Box::pin(serve::<$operation, _>($handler, $call)).await
    };
    (special $operation:ident, $handler:expr, $call:expr) => {
        Err(ApiError::internal(concat!(stringify!($operation), " is served by the edge")))
    };
}

/// A status that the table writes as a number; a wrong one fails to compile.
#[allow(clippy::panic, reason = "evaluated by the compiler alone")]
pub(super) const fn status(number: u16) -> http::StatusCode {
    match http::StatusCode::from_u16(number) {
        Ok(status) => status,
        Err(_) => panic!("not a status"),
    }
}

pub(super) use {arm, endpoint, handlers, media, method, routes, tool};
