namespace Espalier.Compression.Distillation.Caching;

/// <summary>What a cache keeps of each of the teacher's distributions.</summary>
internal enum CacheEncoding
{
    /// <summary>The K likeliest entries exactly, and the mass of all others as one bucket: the gradient is exact on the K.</summary>
    TopK,

    /// <summary>N entries drawn from the distribution: the gradient is unbiased (arXiv 2503.16870).</summary>
    Samples,

    /// <summary>The K likeliest exactly and M drawn from the others, each of weight (1 − P)/M: unbiased, with less noise.</summary>
    TopKSamples,

    /// <summary>The hidden state before the head, and the head once: the whole distribution, exactly.</summary>
    Hidden,
}
