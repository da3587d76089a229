using Espalier.Models.Generation.Sampling;

namespace Espalier.Models.Serving;

/// <summary>One request on its way: its ids, and the blocks that hold their keys and values. Only the engine's thread touches it.</summary>
internal sealed class ServedSequence
{
    private readonly Choice _choice;
    private readonly int _last;
    private readonly HiddenMean? _hidden;
    private readonly int _longAfter;

    public ServedSequence(
        ServedRequest request, IServedReceiver receiver, int positions, int longAfter, CancellationToken cancellation)
    {
        (Request, Receiver, Cancellation, Group) = (request, receiver, cancellation, request.Group ?? new());
        _longAfter = longAfter;
        Ids = [.. request.Prompt];
        _choice = new(request.Options, request.Prompt, request.Mask);
        _last = (int)Math.Min((long)request.Prompt.Count + request.MaxTokens, positions);
        _hidden = request.Embeds ? new() : null;
        _serial = Root;
    }

    public ServedRequest Request { get; }

    public IServedReceiver Receiver { get; }

    public CancellationToken Cancellation { get; }

    /// <summary>Whose it is, with others that were asked for together.</summary>
    public ServedGroup Group { get; }

    /// <summary>The prompt and what followed it so far.</summary>
    public List<int> Ids { get; }

    /// <summary>Its blocks, in the order of their positions.</summary>
    public List<int> Blocks { get; } = [];

    /// <summary>Where its states lie while it runs; −1 while it does not.</summary>
    public int Slot { get; set; } = -1;

    /// <summary>Positions whose keys and values are there.</summary>
    public int Done { get; private set; }

    /// <summary>Positions that are still to go through.</summary>
    public int Pending => Ids.Count - Done;

    public bool HasBegun { get; private set; }

    /// <summary>
    /// Whether its last id made a long text of it (<see cref="DecoderConfig.LongAfter"/>): what went through is to go again.
    /// </summary>
    public bool IsToBegin => Ids.Count == _longAfter + 1L;

    // What stands for the block before the first: of long texts, whose keys turn by other factors, another than of short ones.
    private const long Short = 0, Long = -1;

    private long Root => Ids.Count > _longAfter ? Long : Short;

    // Of the last block that is known to the pool.
    private long _serial;
    private int _known;

    /// <summary>Whether an id may follow at all.</summary>
    public bool IsFull => Ids.Count >= _last;

    /// <summary>Positions that must have a place: one more than its ids, where another follows.</summary>
    public int Places => Request.Embeds ? Ids.Count : Ids.Count + 1;

    /// <summary>
    /// Takes blocks that hold its next ids already; the last id goes through in any case, for its logits, and all do whose hidden states
    /// are wanted.
    /// </summary>
    /// <returns>Positions that need not go through.</returns>
    public int Share(BlockPool pool)
    {
        var before = Done;
        while (_hidden is null && Done == Blocks.Count * pool.Size && _known == Blocks.Count && Done + pool.Size < Ids.Count
            && pool.TryShare(_serial, Span(Done, pool.Size), out var block, out var serial))
        {
            Blocks.Add(block);
            _serial = serial;
            _known++;
            Done += pool.Size;
        }
        return Done - before;
    }

    /// <summary>Says that positions went through; blocks that are full now can be shared.</summary>
    public void Advance(int positions, BlockPool pool)
    {
        Done += positions;
        for (; (_known + 1) * pool.Size <= Done; _known++)
            _serial = pool.Know(Blocks[_known], _serial, Span(_known * pool.Size, pool.Size));
    }

    /// <summary>Gives all blocks back; what went through is to go again.</summary>
    public void Release(BlockPool pool)
    {
        for (var i = Blocks.Count - 1; i >= 0; i--)
            pool.Release(Blocks[i]);
        Blocks.Clear();
        (Done, _serial, _known) = (0, Root, 0);
        _hidden?.Clear();
    }

    /// <summary>Takes the hidden state of its next position, after the final norm; in order.</summary>
    public void Pool(ReadOnlySpan<float> hidden) => _hidden!.Add(hidden);

    /// <summary>Hands the mean of its hidden states on.</summary>
    public void Embed() => Receiver.Embed(_hidden!.Mean());

    /// <summary>Says to the receiver, once, that it is worked on.</summary>
    public void Begin()
    {
        if (!HasBegun)
            Receiver.Begin(Done);
        HasBegun = Group.HasBegun = true;
    }

    /// <summary>Chooses the next id of these logits, which may be changed, and hands it on.</summary>
    /// <param name="logits">Of the last position.</param>
    /// <param name="untouched">Room for as many.</param>
    /// <returns>Why it ends; null where it goes on.</returns>
    public ServedEnd? Choose(Span<float> logits, float[] untouched)
    {
        if (Request.Likeliest is not null)
            logits.CopyTo(untouched);
        var id = _choice.Of(logits);
        Ids.Add(id);
        var probabilities = Request.Likeliest is { } count ? TokenProbabilities.Of(untouched.AsSpan(0, logits.Length), id, count) : null;
        return !Receiver.Accept(new(id, probabilities)) ? ServedEnd.Receiver
            : Request.StopIds?.Contains(id) == true ? ServedEnd.StopId
            : Request.Mask?.IsComplete == true ? ServedEnd.Complete
            : IsFull ? ServedEnd.Length
            : null;
    }

    private ReadOnlySpan<int> Span(int from, int count) =>
        System.Runtime.InteropServices.CollectionsMarshal.AsSpan(Ids).Slice(from, count);
}
