//! What the App's owner does to it.

use super::super::accounts::Permissions;
use super::super::hub::Hub;
use std::collections::BTreeSet;

impl Hub {
    /// Changes what the App asks for and subscribes to. Installations grant what they granted before, until somebody
    /// accepts more ([`Hub::set_permissions`]).
    pub fn set_app(&self, permissions: Permissions, events: BTreeSet<String>) {
        self.act(|world| {
            let own = world.own_app;
            if let Some(app) = world.apps.get_mut(&own) {
                app.permissions = permissions;
                app.events = events;
            }
        });
    }
}
