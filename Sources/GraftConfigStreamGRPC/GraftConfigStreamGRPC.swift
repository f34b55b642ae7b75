// The stream of a core agent over gRPC. Compiled with the package trait ConfigStream only: without it, nothing of gRPC is
// fetched or built.
#if ConfigStream

    internal import GRPCCore

#endif
