"""The operations of the API, a file for each subject; `contents` lists them."""
