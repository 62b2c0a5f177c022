//! Opening books: the only place that names the adapters.
