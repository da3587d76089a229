using System.Text;

namespace Espalier.Models.Chat.Python;

/// <summary>
/// A text that the filters <c>safe</c> and <c>escape</c> made (markupsafe): what is added to it with + is escaped for HTML.
/// </summary>
internal sealed record Markup(string Text)
{
    /// <summary>The text of a value with <c>&amp; &lt; &gt; ' "</c> written as HTML does.</summary>
    public static Markup Escape(object? value, Budget budget)
    {
        if (value is Markup done)
            return done;
        var text = PythonText.Str(value, budget);
        budget.Characters(text.Length * 6L);
        return new(new StringBuilder(text).Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;").Replace("'", "&#39;")
            .Replace("\"", "&#34;").ToString());
    }
}
