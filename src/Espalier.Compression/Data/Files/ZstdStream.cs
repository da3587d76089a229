using ZstdSharp;

namespace Espalier.Compression.Data.Files;

/// <summary>Reads zstd frames. One that asks for a window above 128 MB (zstd --ultra --long) is refused by the library.</summary>
internal sealed class ZstdStream(Stream packed) : UnpackingStream(
    () => new DecompressionStream(packed, checkEndOfStream: true, leaveOpen: true),
    static error => error is ZstdException or EndOfStreamException);
