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

    private const int MostStates = 4096, MostFrames = 1 << 18, MostFramesOfPath = 1 << 12;

    private readonly GrammarNode _root;
    private readonly int _mostStates, _mostFrames;
    private readonly Dictionary<(GrammarNode?, int, GrammarFrame?), GrammarFrame> _frames = [];
    private readonly Dictionary<Tops, GrammarState> _states = [];
    private readonly Stack<GrammarFrame> _open = new();
    private readonly HashSet<GrammarFrame> _seen = [];
    private readonly Dictionary<GrammarFrame, GrammarFrame> _same = [];
    private readonly List<GrammarFrame> _tops = [];

    /// <summary>A grammar that a text must follow from its start to its end.</summary>
    /// <exception cref="EspalierException">No text does, or it has too many parts.</exception>
    public Grammar(GrammarNode root) : this(Written(root), MostStates, MostFrames)
    {
    }

    private Grammar(GrammarNode root, int mostStates, int mostFrames)
    {
        (_root, _mostStates, _mostFrames) = (root, mostStates, mostFrames);
        Start = State(Push(root, 0, null), null) ?? throw new InvalidOperationException("a grammar that can be written has no start");
    }

    /// <summary>The state before the first byte.</summary>
    public GrammarState Start { get; }

    /// <summary>Whether states are still kept: beyond a number of them they are found out each time, and a new grammar is due.</summary>
    public bool Keeps => _states.Count < _mostStates && !IsFull;

    /// <summary>Whether it has as many frames as it is to have.</summary>
    public bool IsFull => _frames.Count >= _mostFrames;

    /// <summary>The same grammar, of which nothing is known.</summary>
    public Grammar Again() => new(_root, _mostStates, _mostFrames);

    /// <summary>The same grammar to follow one text with, of which no state is kept: what is counted has each of them once.</summary>
    public Grammar Path() => new(_root, 0, MostFramesOfPath);

    /// <summary>A state of the same grammar, as one of this.</summary>
    /// <param name="other">The state.</param>
    /// <param name="within">
    /// Bytes after which nothing is asked: all counts of a repetition that has that many to go are then one. Null for no end.
    /// </param>
    public GrammarState Of(GrammarState other, int? within)
    {
        _tops.Clear();
        _tops.AddRange(other.Tops.Select(top => Of(top, within)!).Distinct());
        _same.Clear();
        return State(other.MayEnd);
    }

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
        return _tops.Count == 0 && !mayEnd ? null : State(mayEnd);
    }

    private GrammarState State(bool mayEnd)
    {
        _tops.Sort(static (a, b) => a.Id.CompareTo(b.Id));
        var key = new Tops([.. _tops], mayEnd);
        if (_states.TryGetValue(key, out var known))
            return known;
        var state = new GrammarState(this, key.Frames, mayEnd);
        if (Keeps)
            _states.Add(key, state);
        return state;
    }

    private GrammarFrame? Of(GrammarFrame? frame, int? within)
    {
        if (frame is null)
            return null;
        if (!_same.TryGetValue(frame, out var same))
            _same[frame] = same = Push(frame.Node, Step(frame, within), Of(frame.Rest, within));
        return same;
    }

    // No part that is written has less than a byte, so that so many bytes end no more of them.
    private static int Step(GrammarFrame frame, int? within) => frame.Node is not GrammarRepeat repeat || within is not { } far ? frame.Step
        : repeat.Least - frame.Step > far + 1 ? repeat.Least - far - 1
        : frame.Step >= repeat.Least && repeat.Most is { } most && most - frame.Step > far + 1 ? most - far - 1
        : frame.Step;

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

    private static GrammarNode Written(GrammarNode root)
    {
        Heights.Find(root);
        return root.Height <= Deepest ? root
            : throw new EspalierException("no value fits the schema: its requirements contradict each other or never end");
    }

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
