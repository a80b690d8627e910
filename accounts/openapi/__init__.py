"""What the OpenAPI document says about accounts."""
