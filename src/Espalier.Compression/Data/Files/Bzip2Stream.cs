using SharpCompress.Compressors;
using SharpCompress.Compressors.BZip2;

namespace Espalier.Compression.Data.Files;

/// <summary>Reads bzip2 streams, one or several one after the other.</summary>
internal sealed class Bzip2Stream(Stream packed) : UnpackingStream(
    () => BZip2Stream.Create(packed, CompressionMode.Decompress, decompressConcatenated: true, leaveOpen: true),
    // The library says of damaged blocks what it stumbles over, such as an index.
    static error => error is EndOfStreamException or not (IOException or OutOfMemoryException));
