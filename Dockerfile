# An image in which both commands of the README run:
#
#   docker build -t resnet-dotnet .
#   docker run --rm -it -v resnet-runs:/home/resnet/source/runs resnet-dotnet              # ./build.sh train
#   docker run --rm -it resnet-dotnet ./build.sh test
#
# Debian 12 has the PyTorch that the tests compare with. Its packages stand here, since build.sh installs them as root only.
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS sdk

FROM debian:12-slim AS tools
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        ca-certificates chromium curl dataset-fashion-mnist git libicu72 libssl3 procps python3-torch python3-torchvision \
    && rm -rf /var/lib/apt/lists/*
COPY --from=sdk /usr/share/dotnet /usr/share/dotnet
RUN ln -s /usr/share/dotnet/dotnet /usr/local/bin/dotnet \
    && useradd --create-home --shell /bin/bash resnet
ENV DOTNET_ROOT=/usr/share/dotnet \
    DOTNET_CLI_TELEMETRY_OPTOUT=1 \
    DOTNET_NOLOGO=1
USER resnet

FROM tools
WORKDIR /home/resnet/source
COPY --chown=resnet:resnet . .
RUN mkdir runs
CMD ["./build.sh", "train"]
