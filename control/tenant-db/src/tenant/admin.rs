//! The administrator's and the owner's connections to apps' databases: bounded by app and in all, so that no app's
//! management requests take the connections that the others' need.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::Client;

use super::{TenantError, Tenants};
use crate::db::ConnectionPermit;
use mayfly_store::StoreError;

/// How long a request waits for one.
const WAIT: Duration = Duration::from_secs(5);

/// One such connection. Dropping it closes it.
pub(crate) struct ManagementClient {
    client: Client,
    _permit: ConnectionPermit,
}

impl Deref for ManagementClient {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl DerefMut for ManagementClient {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.client
    }
}

impl Tenants {
    /// The administrator's connection to an app's database, for one request.
    pub(crate) async fn admin(&self, app_id: &str) -> Result<ManagementClient, TenantError> {
        self.credentials(app_id).await?;
        let permit = self.management_permit(app_id).await?;
        Ok(ManagementClient {
            client: self.endpoint().admin_in_tenant_database(app_id).await?,
            _permit: permit,
        })
    }

    /// The administrator's connection to an app's database, for something that lasts: how many there are of those is
    /// bounded where they are made.
    pub(crate) async fn lasting_admin(&self, app_id: &str) -> Result<Client, TenantError> {
        self.credentials(app_id).await?;
        Ok(self.endpoint().admin_in_tenant_database(app_id).await?)
    }

    /// A connection that is made in another way, with its permit.
    pub(super) fn managed(client: Client, permit: ConnectionPermit) -> ManagementClient {
        ManagementClient { client, _permit: permit }
    }

    pub(super) async fn management_permit(&self, app_id: &str) -> Result<ConnectionPermit, TenantError> {
        let app_id = Arc::from(app_id);
        let taken = tokio::time::timeout(WAIT, self.management_permits().take(&app_id, || false)).await;
        let full = || StoreError::Unavailable("too many requests use the apps' databases".to_owned());
        Ok(taken.ok().flatten().ok_or_else(full)?)
    }
}
