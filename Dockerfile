# One image for every process of ours: the worker, its codec server and jobs, and the simulator.
# The newest supported Python, pinned by tag and by the digest of its index for all architectures. The
# digest was not verified against a registry. Before you build check it, and later move on, with
# docker buildx imagetools inspect python:3.14.6-slim-bookworm
ARG PYTHON_IMAGE=python:3.14.6-slim-bookworm@sha256:86f975aca15cf04a40b399eebede9aea7c82eae084d1f1a0a6ef6bcaae871a30
FROM ${PYTHON_IMAGE}

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app

# Before the code, so that a change of code does not install everything again.
COPY requirements/runtime.txt requirements/runtime.txt
RUN pip install --no-cache-dir --require-hashes --only-binary=:all: -r requirements/runtime.txt

COPY telegent telegent
COPY telegent_orchestrator telegent_orchestrator
COPY activities activities
COPY workflows workflows
COPY worker worker
COPY simulator simulator

# The sandbox loads the workflows again for each run, and nothing may be written here later.
RUN python -m compileall -q activities simulator telegent telegent_orchestrator worker workflows

# Such as the commit: docker build --build-arg BUILD_ID=$(git rev-parse --short HEAD)
ARG BUILD_ID=dev
ENV TELEGENT_BUILD_ID=${BUILD_ID}

USER 10001:10001
# Exec form: a shell in between would keep SIGTERM from the worker.
ENTRYPOINT ["python", "-m", "worker"]
