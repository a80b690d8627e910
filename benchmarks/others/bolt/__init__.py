"""Django-Bolt: Django's ORM in synchronous handlers, HTTP and token check in Rust. Needs Python 3.12."""
