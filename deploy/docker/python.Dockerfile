# One image for backend, monitor and compute service: they are one installation of one package.
FROM python:3.12-slim
RUN useradd --create-home --uid 10001 brodmann
WORKDIR /app
COPY pyproject.toml README.md ./
COPY core core
COPY backend backend
COPY compute_service compute_service
COPY brodmann brodmann
ARG TORCH="torch>=2.6"
RUN pip install --no-cache-dir "$TORCH" && pip install --no-cache-dir .
USER brodmann
