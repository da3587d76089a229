using static Espalier.Models.ParameterRole;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>
/// Order of the value heads of linear attention. In a checkpoint those that share a key head stand in a row; llama.cpp's <c>qwen35</c>
/// repeats the key heads as a whole, so that there the first of each key head come first, then the second of each: head j · Nk + g of
/// the file is
/// head g · (Nv / Nk) + j of the checkpoint. A parameter is read as lines, each of which has the entries of all heads.
/// </summary>
/// <param name="Heads">Nv, heads of values.</param>
/// <param name="Groups">Nk, heads of keys.</param>
/// <param name="Entries">Elements of a head, one after the other, in a line.</param>
internal readonly record struct ValueHeadOrder(int Heads, int Groups, int Entries)
{
    /// <summary>The order of a parameter's elements; null where it has none of value heads, or the order is the checkpoint's.</summary>
    public static ValueHeadOrder? Of(ParameterRole role, DecoderConfig config, GgufArchitecture architecture)
    {
        var delta = config.Delta;
        int? entries = !architecture.TilesValueHeads || delta.Groups == delta.Heads ? null : role switch
        {
            DeltaValueProjection or DeltaGateProjection => delta.HeadDim * config.HiddenSize,
            DeltaStrengthProjection or DeltaStepProjection => config.HiddenSize,
            DeltaValueConvolution => delta.HeadDim * delta.Kernel,
            DeltaStepBias or DeltaLogDecay => 1,
            DeltaOutputProjection => delta.HeadDim,
            _ => null,
        };
        return entries is { } some ? new(delta.Heads, delta.Groups, some) : null;
    }

    /// <summary>Where an element of the file stands in the checkpoint, both counted within the parameter.</summary>
    public long Grouped(long element) => Moved(element, Groups);

    /// <summary>Where an element of the checkpoint stands in the file.</summary>
    public long Tiled(long element) => Moved(element, Heads / Groups);

    /// <summary>How many elements from one on stand one after the other in both.</summary>
    public int Run(long element) => Entries - (int)(element % Entries);

    private long Moved(long element, int across)
    {
        var (head, line) = (element / Entries % Heads, element / Entries / Heads);
        return (line * Heads + head % across * (Heads / across) + head / across) * Entries + element % Entries;
    }
}
