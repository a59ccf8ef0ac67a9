//! The public HTTP interface: storefront, merchant, health and metrics.
