module hello-delivery/platform/images

go 1.26.0
