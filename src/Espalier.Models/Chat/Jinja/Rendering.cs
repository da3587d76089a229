using System.Text;
using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Jinja;

/// <summary>One rendering of a template: what it may still use, where it writes, and which line it is at.</summary>
internal sealed class Rendering(Budget budget)
{
    private readonly Stack<StringBuilder> _outputs = new([new()]);
    private readonly List<(int Start, int End)> _generated = [];

    public Budget Budget { get; } = budget;

    /// <summary>The line of what is being evaluated.</summary>
    public int Line { get; set; }

    /// <summary>The text so far.</summary>
    public string Text => _outputs.Peek().ToString();

    /// <summary>Where in the text, in UTF-16 units, the bodies of <c>{% generation %}</c> stand.</summary>
    public IReadOnlyList<(int Start, int End)> Generated => _generated;

    /// <summary>Whether a generation block was rendered into a variable or by a macro, where its place is not known.</summary>
    public bool HasLostGeneration { get; private set; }

    public void Write(string text)
    {
        var output = _outputs.Peek();
        Budget.Characters(text.Length);
        output.Append(text);
        Budget.RequireText(output.Length);
    }

    /// <summary>What a body writes, as a text of its own.</summary>
    public string Capture(Action body)
    {
        _outputs.Push(new());
        body();
        return _outputs.Pop().ToString();
    }

    /// <summary>Writes what a generation block holds and keeps where it stands.</summary>
    public void Generate(Action body)
    {
        var start = _outputs.Peek().Length;
        body();
        if (_outputs.Count == 1)
            _generated.Add((start, _outputs.Peek().Length));
        else
            HasLostGeneration = true;
    }
}
