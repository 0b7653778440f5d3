# docker build -t crawler .
# with --build-arg EXTRAS=cluster,objects,report also for the scheduler and the workers of a cluster (docs/cluster.md)
# docker run --rm -v /srv/mirror:/srv/mirror --user "$(id -u):$(id -g)" crawler https://files.example.org/pub/ pub

FROM python:3.13-slim AS build
ARG EXTRAS=report
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY crawler crawler
COPY docs/crawler.1 docs/crawler.1
RUN python -m venv /opt/crawler && \
    PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt \
    /opt/crawler/bin/pip install --no-cache-dir ".[$EXTRAS]"

FROM python:3.13-slim
RUN useradd --uid 1000 --create-home mirror && install --directory --owner mirror /srv/mirror
COPY --from=build /opt/crawler /opt/crawler
ENV PATH=/opt/crawler/bin:$PATH
USER mirror
WORKDIR /srv/mirror
VOLUME /srv/mirror
ENTRYPOINT ["crawler"]
CMD ["--help"]
