using System.Runtime.CompilerServices;

namespace Espalier.Models.Chat.Python;

/// <summary>
/// What one rendering may use. Everything that a template can make grow asks here before it grows, so that a hostile template ends
/// with an error and never with a full memory or a machine that is busy.
/// </summary>
internal sealed class Budget(TemplateLimits limits)
{
    // What an entry of a list or a dict counts as, in characters.
    private const long Entry = 8;

    private long _steps;
    private long _characters;
    private int _depth;

    /// <summary>Counts steps: nodes that are evaluated, entries that are walked over.</summary>
    public void Step(long count = 1)
    {
        _steps += count;
        if (_steps > limits.Steps)
            throw new TemplateFault($"the template takes more than {limits.Steps} steps; does it loop forever?");
    }

    /// <summary>Counts the reading of a value's text.</summary>
    public void Text(object? value) => Step((PythonValues.TextOf(value)?.Length ?? 0) / 64);

    /// <summary>Asks for a text of so many characters, before it is made.</summary>
    public void Characters(long count)
    {
        if (count > limits.Text)
            throw new TemplateFault($"the template produces a text of {count} characters, more than {limits.Text}");
        if ((_characters += count) > limits.AllTexts)
            throw new TemplateFault($"the template produces texts and lists of more than {limits.AllTexts} characters in total");
    }

    /// <summary>Refuses a text that has grown too long.</summary>
    public void RequireText(long length)
    {
        if (length > limits.Text)
            throw new TemplateFault($"the template produces a text of more than {limits.Text} characters");
    }

    /// <summary>Asks for a list of so many entries, before it is made.</summary>
    public void Entries(long count)
    {
        if (count > limits.Text / Entry)
            throw new TemplateFault($"the template produces a list of {count} entries, more than {limits.Text / Entry}");
        Step(count);
        Characters(count * Entry);
    }

    /// <summary>Goes one level deeper: into a macro, or into a value inside a value. <see cref="Leave"/> goes back.</summary>
    public void Enter()
    {
        if (++_depth > limits.Depth)
            throw new TemplateFault($"macros or values are nested deeper than {limits.Depth}; does a macro call itself forever?");
        RequireStack();
    }

    /// <summary>Back from <see cref="Enter"/>.</summary>
    public void Leave() => _depth--;

    /// <summary>Refuses what is nested deeper than the thread's stack has room for.</summary>
    public static void RequireStack()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new TemplateFault("the template is nested too deeply");
    }
}
