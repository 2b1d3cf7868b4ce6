"""What PyScript runs. By now runtime.mjs has unpacked the application, so that `main` can be imported."""

try:
    import main  # noqa: F401
except Exception as failure:
    from js import window

    window.labFailed(window.labWord("no_lab").replace("[cause]", f"{type(failure).__name__}: {failure}"))
    raise
