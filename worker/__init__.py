"""The worker process, which runs workflows and activities, and its companion processes."""
