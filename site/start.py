"""What PyScript runs. By now runtime.mjs has unpacked the application, so that `main` can be imported."""

try:
    import main  # noqa: F401
except Exception as failure:
    from js import window

    window.labFailed(f"The lab could not start ({type(failure).__name__}: {failure}). Reload the page.")
    raise
