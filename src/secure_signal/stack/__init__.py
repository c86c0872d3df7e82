"""The local stack: the embedded servers, and the supervisor that keeps everything running."""
