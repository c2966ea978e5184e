//! What each route asks for: one exhaustive table.

use crate::route::Route;
use crate::scope::Scope;

/// What a caller has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// Anyone.
    Open,
    /// The operator.
    Admin,
    /// The operator, or a service key of the app with this scope.
    App(Scope),
    /// Whoever the function's own trigger lets in.
    Call,
}

/// The requirement of a route.
pub fn requirement(route: &Route) -> Requirement {
    match route {
        Route::Live | Route::Ready | Route::ErrorPage { .. } | Route::Jwks { .. } => Requirement::Open,
        Route::ListApps | Route::CreateApp | Route::GetApp { .. } | Route::DeleteApp { .. } => {
            Requirement::Admin
        }
        Route::ListKeys { .. }
        | Route::GetConfig { .. }
        | Route::ListSigningKeys { .. }
        | Route::GetAppEnv { .. }
        | Route::ListFunctions { .. }
        | Route::GetFunction { .. }
        | Route::ListVersions { .. }
        | Route::Logs { .. }
        | Route::LogStream { .. }
        | Route::Usage { .. } => Requirement::App(Scope::Read),
        Route::ConfigureApp { .. }
        | Route::CreateKey { .. }
        | Route::ImportSigningKey { .. }
        | Route::RotateSigningKey { .. }
        | Route::RemoveSigningKey { .. }
        | Route::RevokeKey { .. }
        | Route::PatchAppEnv { .. }
        | Route::Deploy { .. }
        | Route::DeleteFunction { .. }
        | Route::PatchFunctionEnv { .. }
        | Route::PatchFunctionSettings { .. }
        | Route::Rollback { .. } => Requirement::App(Scope::Deploy),
        // Whoever may act as any user may as well write them tokens.
        Route::Invoke { .. } | Route::MintToken { .. } | Route::VerifyUsage { .. } => {
            Requirement::App(Scope::Invoke)
        }
        Route::RunSql { .. } => Requirement::App(Scope::Schema),
        Route::Schema { action, .. } => {
            Requirement::App(if action.only_reads() { Scope::Read } else { Scope::Schema })
        }
        Route::Call { .. } => Requirement::Call,
    }
}
