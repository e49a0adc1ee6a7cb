# One image for backend, monitor and compute service: they are one installation of one package.
FROM python:3.12-slim
# Volumes that are mounted for the first time take their owner from these folders.
RUN useradd --create-home --uid 10001 brodmann \
    && install -d -o brodmann -g brodmann -m 0700 /data/brains /data/jobs /data/store

# PyTorch first: it is large and changes seldom. TORCH_INDEX is the package index that has the build you want, for
# processors alone or for the CUDA of your driver, as PyTorch's installation page names it; pip's own where it is empty.
ARG TORCH="torch>=2.6"
ARG TORCH_INDEX=""
RUN pip install --no-cache-dir ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} "$TORCH"

# Debian packages besides, such as slurm-client for a container that submits to Slurm.
ARG APT_PACKAGES=""
RUN if [ -n "$APT_PACKAGES" ]; then \
        apt-get update && apt-get install -y --no-install-recommends $APT_PACKAGES && rm -rf /var/lib/apt/lists/*; \
    fi

WORKDIR /app
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY core core
COPY backend backend
COPY compute_service compute_service
COPY brodmann brodmann
RUN pip install --no-cache-dir ".[mpi]"
# What runs is the installed package, not this folder.
WORKDIR /home/brodmann
USER brodmann
