namespace Espalier.Models.Grammars;

/// <summary>
/// A context-free grammar over bytes, followed byte by byte: all ways of reading the text so far are kept as stacks, which share their
/// ends (Tomita, 1987). Where a way would need objects and lists deeper inside of each other than <see cref="Deepest"/>, it is not taken,
/// so that what was begun can always be ended. Not for several threads: <see cref="TokenGrammar"/> holds a lock.
/// </summary>
internal sealed class Grammar
{
    /// <summary>Objects and lists inside of each other, at most.</summary>
    public const int Deepest = 64;

    /// <summary>
    /// Ways of reading a text that are followed; where a grammar has more, the others are not even looked for, and no text that it excludes
    /// is let in.
    /// </summary>
    private const int MostTops = 256;

    private const int MostStates = 4096, MostFrames = 1 << 18;

    private readonly Dictionary<(GrammarNode?, int, GrammarFrame?), GrammarFrame> _frames = [];
    private readonly Dictionary<Tops, GrammarState> _states = [];
    private readonly Stack<GrammarFrame> _open = new();
    private readonly HashSet<GrammarFrame> _seen = [];
    private readonly List<GrammarFrame> _tops = [];

    /// <summary>A grammar that a text must follow from its start to its end.</summary>
    /// <exception cref="EspalierException">No text does, or it has too many parts.</exception>
    public Grammar(GrammarNode root)
    {
        Heights.Find(root);
        if (root.Height > Deepest)
            throw new EspalierException("no value fits the schema: its requirements contradict each other or never end");
        Start = State(Push(root, 0, null), null) ?? throw new InvalidOperationException("a grammar with a finite text has no start");
    }

    /// <summary>The state before the first byte.</summary>
    public GrammarState Start { get; }

    /// <summary>Whether states are still kept: beyond a number of them they are found out each time, and a new grammar is due.</summary>
    public bool Keeps => _states.Count < MostStates && _frames.Count < MostFrames;

    /// <summary>The state after one more byte; null where none of the ways goes on with it.</summary>
    public GrammarState? Next(GrammarFrame[] tops, byte b)
    {
        _open.Clear();
        var ends = false;
        foreach (var top in tops)
            if (((GrammarByte)top.Node!).Set.Has(b))
            {
                ends |= top.Rest is null;
                if (top.Rest is { } rest)
                    _open.Push(rest);
            }
        return State(null, ends);
    }

    private GrammarState? State(GrammarFrame? first, bool? ends)
    {
        if (first is not null)
        {
            _open.Clear();
            _open.Push(first);
        }
        var mayEnd = Expand() | ends == true;
        if (_tops.Count == 0 && !mayEnd)
            return null;
        _tops.Sort(static (a, b) => a.Id.CompareTo(b.Id));
        var key = new Tops([.. _tops], mayEnd);
        if (_states.TryGetValue(key, out var known))
            return known;
        var state = new GrammarState(this, key.Frames, mayEnd);
        if (Keeps)
            _states.Add(key, state);
        return state;
    }

    // Opens what is open down to bytes; true where nothing need follow.
    private bool Expand()
    {
        _seen.Clear();
        _tops.Clear();
        var ends = false;
        while (_tops.Count < MostTops && _open.TryPop(out var frame))
        {
            if (!_seen.Add(frame))
                continue;
            switch (frame.Node)
            {
                case GrammarByte:
                    _tops.Add(frame);
                    break;
                case GrammarSequence sequence when frame.Step < sequence.Parts.Count:
                    Open(sequence.Parts[frame.Step], After(sequence, frame));
                    break;
                case GrammarChoice choice:
                    foreach (var part in choice.Parts)
                        Open(part, frame.Rest);
                    break;
                case GrammarRepeat repeat:
                    // Without an end it counts up to what is required; then all are alike.
                    var step = repeat.Most is null ? Math.Min(frame.Step + 1, repeat.Least) : frame.Step + 1;
                    if (repeat.Most is null || frame.Step < repeat.Most)
                        Open(repeat.Part, Push(repeat, step, frame.Rest));
                    if (frame.Step >= repeat.Least)
                        Done(frame.Rest);
                    break;
                case GrammarNest nest:
                    Open(nest.Part, Push(null, 0, frame.Rest));
                    break;
                case GrammarRule rule:
                    Open(rule.Body, frame.Rest);
                    break;
                // The end of a nested part, and of a sequence without parts.
                default:
                    Done(frame.Rest);
                    break;
            }
        }
        return ends;

        void Done(GrammarFrame? rest)
        {
            if (rest is null)
                ends = true;
            else
                _open.Push(rest);
        }

        void Open(GrammarNode node, GrammarFrame? rest)
        {
            if ((rest?.Depth ?? 0) + node.Height <= Deepest)
                _open.Push(Push(node, 0, rest));
        }
    }

    // The last part of a sequence leaves nothing of it: what refers to itself at its end does not grow.
    private GrammarFrame? After(GrammarSequence sequence, GrammarFrame frame) =>
        frame.Step + 1 == sequence.Parts.Count ? frame.Rest : Push(sequence, frame.Step + 1, frame.Rest);

    private GrammarFrame Push(GrammarNode? node, int step, GrammarFrame? rest)
    {
        if (_frames.TryGetValue((node, step, rest), out var known))
            return known;
        var frame = new GrammarFrame(_frames.Count, node, step, rest);
        _frames.Add((node, step, rest), frame);
        return frame;
    }

    // What a state is found by.
    private readonly struct Tops(GrammarFrame[] frames, bool mayEnd) : IEquatable<Tops>
    {
        private readonly bool _mayEnd = mayEnd;

        public GrammarFrame[] Frames { get; } = frames;

        public bool Equals(Tops other) => _mayEnd == other._mayEnd && Frames.AsSpan().SequenceEqual(other.Frames);

        public override bool Equals(object? obj) => obj is Tops other && Equals(other);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.Add(_mayEnd);
            foreach (var frame in Frames)
                hash.Add(frame.Id);
            return hash.ToHashCode();
        }
    }
}
