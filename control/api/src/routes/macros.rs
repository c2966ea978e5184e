//! What the rows of the route table expand to.

/// Rows by resource: `resource: Handlers { RouteId = METHOD path, who, limit, query, body => status kind answer, [..]; }`
///
/// `json` rows are endpoints, served by a [`Handler`](crate::endpoint::Handler) of their resource; `special` rows are
/// served by the edge itself, since their answer is no plain JSON, or needs a sandbox.
macro_rules! routes {
    ($($resource:ident: $handlers:ident { $(
        #[doc = $summary:literal]
        $route:ident = $method:ident $path:literal, $who:ident $(($scope:expr))?, $limit:ident, $query:ty, $body:ty
            => $status:literal $kind:ident $($media:literal)? $answer:ty, [$($code:ident),* $(,)?]
            $(, tool $tool:literal $action:literal)?;
    )* })*) => {
        /// Names the rows of the table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum RouteId {
            $($(#[doc = $summary] $route,)*)*
        }

        impl RouteId {
            /// Every route, in the table's order.
            pub const ALL: &[Self] = &[$($(Self::$route,)*)*];

            /// Its row in the table.
            pub fn route(self) -> &'static Route {
                &ROUTES[self as usize]
            }
        }

        /// The route table.
        pub static ROUTES: &[Route] = &[$($(
            Route {
                resource: stringify!($resource),
                name: stringify!($route),
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

        $($($crate::routes::macros::endpoint! { $route, $query, $body, $answer, $summary })*)*

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

        $($crate::routes::macros::handlers! { $resource $handlers [] $($kind $route)* })*

        /// Serve an endpoint by its row.
        ///
        /// # Errors
        /// What the request or its handler is wrong with; an internal error for rows that are no endpoints.
        pub async fn dispatch<S: Services>(
            services: &S,
            route: RouteId,
            call: RawCall<'_>,
        ) -> ApiResult<$crate::endpoint::Encoded> {
            match route {
                $($(RouteId::$route => {
                    $crate::routes::macros::arm! { $kind $route, services.$resource(), call }
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
    ($route:ident, $query:ty, $body:ty, $answer:ty, $summary:literal) => {
        #[doc = $summary]
        #[derive(Debug, Clone, Copy)]
        pub struct $route;

        impl Endpoint for $route {
            type Query = $query;
            type Body = $body;
            type Answer = $answer;

            fn route() -> &'static Route {
                RouteId::$route.route()
            }
        }
    };
}

/// Collects the endpoints of a resource into one trait.
macro_rules! handlers {
    ($resource:ident $handlers:ident [$($endpoint:ident)*] json $route:ident $($rest:tt)*) => {
        $crate::routes::macros::handlers! { $resource $handlers [$($endpoint)* $route] $($rest)* }
    };
    ($resource:ident $handlers:ident [$($endpoint:ident)*] special $route:ident $($rest:tt)*) => {
        $crate::routes::macros::handlers! { $resource $handlers [$($endpoint)*] $($rest)* }
    };
    ($resource:ident $handlers:ident [$($endpoint:ident)*]) => {
        #[doc = concat!("Serves the endpoints of `", stringify!($resource), "`.")]
        pub trait $handlers: Send + Sync $(+ Handler<$endpoint>)* {}

        impl<T: Send + Sync $(+ Handler<$endpoint>)*> $handlers for T {}
    };
}

macro_rules! arm {
    (json $route:ident, $handler:expr, $call:expr) => {
        // Boxed one by one: a request's future is as large as its own endpoint's, not as the largest one's.
        Box::pin(serve::<$route, _>($handler, $call)).await
    };
    (special $route:ident, $handler:expr, $call:expr) => {
        Err(ApiError::internal(concat!(stringify!($route), " is served by the edge")))
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
