namespace Espalier.Benchmarks;

/// <summary>How a peer is started.</summary>
/// <param name="Name">What the variant is called in the tables.</param>
internal sealed record PeerCommand(string Name, string Program, string[] Arguments);
