// What swift-configuration, swift-metrics, swift-log and swift-service-lifecycle see of a stream. Compiled with the package
// trait ConfigStream only.
#if ConfigStream

    internal import Configuration

#endif
